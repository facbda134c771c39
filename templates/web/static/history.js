// The list of one's own reports, as the service knows them at this moment.
import { forget, keep, list } from "./mine.js";

const WORDS = { failed: "Failed", degraded: "Degraded", info: "Nobody’s fault", ok: "Completed", none: "No stream" };

function element(name, text, classes) {
  const made = document.createElement(name);
  if (text !== undefined) { made.textContent = text; }
  if (classes) { made.className = classes; }
  return made;
}

function row(item, status) {
  const line = element("li");
  const tone = status.state === "failed" ? "failed" : status.severity ?? "none";
  const word = status.state === "failed" ? "Not read" : status.state === "done" ? WORDS[tone] ?? tone : "Reading…";
  line.append(element("span", word, `chip chip-${tone}`));
  const link = element("a", status.headline ?? status.problem?.title ?? status.files.map((f) => f.name).join(", "));
  link.href = `/r/${item.id}`;
  const what = element("span", undefined, "m-what");
  what.append(link, element("span", status.files.map((f) => f.name).join(", "), "sub"));
  line.append(what);
  const when = new Date(status.created_at);
  const time = element("time", when.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }), "m-when");
  time.dateTime = status.created_at;
  line.append(time);
  return line;
}

async function show() {
  const section = document.getElementById("mine");
  if (!section) { return; }
  const rows = document.getElementById("mine-list");
  for (const item of list()) {
    const answer = await fetch(`/api/v1/reports/${item.id}/status`).catch(() => null);
    if (answer?.status === 404) { forget(item.id); continue; } // deleted or expired
    if (!answer?.ok) { continue; }
    rows.append(row(item, await answer.json()));
    section.hidden = false;
  }
  document.getElementById("mine-forget").addEventListener("click", () => {
    keep([]);
    rows.replaceChildren();
    section.hidden = true;
  });
}

show();
