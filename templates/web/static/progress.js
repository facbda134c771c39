// Listens to a report being made, and shows it when it is done.
import { remember } from "./mine.js";

const watch = document.getElementById("watch"), id = watch.dataset.id;
const now = document.getElementById("now"), bar = document.getElementById("bar");
const alive = document.getElementById("alive"), headline = document.getElementById("headline");
const stages = [...document.querySelectorAll("#stages li")];
const SAYS = {
  starting: "A worker is starting", reading: "Reading the captures", decoding: "Decoding the streams",
  judging: "Weighing the evidence", writing: "Writing the report",
};
const UNITS = { reading: "capture", decoding: "capture", judging: "stream", writing: "format" };
remember(id);

function show(moment) {
  const queued = moment.state === "queued";
  headline.textContent = queued ? "Waiting for its turn" : "Reading the capture";
  if (queued) {
    now.textContent = moment.ahead ? `${moment.ahead} ${moment.ahead === 1 ? "report is" : "reports are"} before it.` : "It is next.";
  } else {
    const count = (number) => number.toLocaleString("en");
    const part = moment.total > 1 ? `: ${UNITS[moment.stage] ?? "step"} ${count(moment.done + 1)} of ${count(moment.total)}` : "";
    now.textContent = `${SAYS[moment.stage] ?? "Reading"}${part}.`;
  }
  const at = stages.findIndex((line) => line.dataset.stage === (queued ? "starting" : moment.stage));
  stages.forEach((line, index) => {
    line.className = index < at ? "past" : index === at ? "present" : "";
    if (index === at) { line.setAttribute("aria-current", "step"); } else { line.removeAttribute("aria-current"); }
  });
  // Five stages of unknown lengths: the bar counts those that are over, and the known part of the present one.
  if (queued) { bar.removeAttribute("value"); return; }
  const part = moment.total ? moment.done / moment.total : 0;
  bar.value = Math.max(bar.hasAttribute("value") ? bar.value : 0, (at - 1 + part) / (stages.length - 1));
}

const source = new EventSource(`/api/v1/reports/${id}/events`);
source.addEventListener("progress", (event) => { alive.textContent = ""; show(JSON.parse(event.data)); });
for (const end of ["done", "failed", "gone"]) {
  source.addEventListener(end, () => { source.close(); location.reload(); });
}
source.addEventListener("error", () => { alive.textContent = "The connection was lost; trying again…"; });
window.addEventListener("pagehide", () => source.close());
