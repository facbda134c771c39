// Drop, choose or paste; then one request with a progress that the browser itself measures.
import { remember } from "./mine.js";

document.documentElement.classList.add("js");
const $ = (id) => document.getElementById(id);
const form = $("upload"), input = $("file"), zone = $("zone"), chosen = $("chosen");
const most = Number(form.dataset.max), mostFiles = Number(form.dataset.files);
let files = [];
let request = null;

function size(bytes) {
  const units = ["bytes", "kB", "MB", "GB"];
  let at = 0, value = bytes;
  while (value >= 1000 && at < units.length - 1) { value /= 1000; at += 1; }
  return `${at && value < 10 ? value.toFixed(1) : Math.round(value)} ${units[at]}`;
}

function refuse(text) {
  $("refused").textContent = text;
}

function draw() {
  chosen.replaceChildren(...files.map((file, index) => {
    const line = document.createElement("li");
    const name = document.createElement("span"), weight = document.createElement("span"), drop = document.createElement("button");
    name.className = "c-name"; name.textContent = file.name;
    weight.className = "c-size"; weight.textContent = size(file.size);
    drop.type = "button"; drop.textContent = "×"; drop.setAttribute("aria-label", `Leave out ${file.name}`);
    drop.addEventListener("click", () => { files.splice(index, 1); draw(); input.focus(); });
    line.append(name, weight, drop);
    return line;
  }));
}

function add(more) {
  refuse("");
  files = [...files, ...more].slice(0, mostFiles);
  const total = files.reduce((sum, file) => sum + file.size, 0);
  if (total > most) { refuse(`That is ${size(total)} together; ${size(most)} are taken. Compress the files or leave some out.`); }
  draw();
}

input.addEventListener("change", () => { add(input.files); input.value = ""; });

for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) { return; }
    event.preventDefault();
    zone.classList.add("over");
  });
}
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) { zone.classList.remove("over"); } });
document.addEventListener("drop", (event) => {
  if (!event.dataTransfer?.types.includes("Files")) { return; }
  event.preventDefault();
  zone.classList.remove("over");
  add([...event.dataTransfer.files].filter((file) => file.size > 0));
});
document.addEventListener("paste", (event) => {
  const pasted = [...event.clipboardData?.files ?? []];
  if (pasted.length) { event.preventDefault(); add(pasted); return; }
  if (event.target instanceof HTMLTextAreaElement) { return; }
  const text = event.clipboardData?.getData("text/plain");
  if (text) { $("paste").open = true; $("text").value = text; $("text").focus(); }
});

function busy(on) {
  $("sending").hidden = !on;
  $("send").disabled = on;
  if (!on) { request = null; }
}

async function failed(answer) {
  let problem = null;
  try { problem = JSON.parse(answer); } catch { /* not ours: a proxy's page perhaps */ }
  busy(false);
  refuse(problem?.detail ? `${problem.title}: ${problem.detail}.${problem.help ? ` What helps: ${problem.help}.` : ""}` : "The upload did not arrive. Try again.");
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value;
  if (!files.length && !text.trim()) { refuse("Choose a capture first."); input.focus(); return; }
  if (request) { return; }
  refuse("");
  const body = new FormData();
  body.append("keep", $("keep").value);
  for (const file of files) { body.append("file", file, file.name); }
  if (text.trim()) { body.append("text", text); }
  request = new XMLHttpRequest();
  request.open("POST", "/api/v1/reports");
  request.setRequestHeader("Accept", "application/json");
  request.upload.addEventListener("progress", (moment) => {
    if (!moment.lengthComputable) { return; }
    $("sending-bar").value = moment.loaded / moment.total;
    $("sending-text").textContent = moment.loaded < moment.total
      ? `Uploading: ${size(moment.loaded)} of ${size(moment.total)}` : "Uploaded. Waiting for the service…";
  });
  request.addEventListener("load", () => {
    if (request.status !== 201 && request.status !== 202) { failed(request.responseText); return; }
    const status = JSON.parse(request.responseText);
    remember(status.id);
    location.assign(status.links.page);
  });
  request.addEventListener("error", () => failed(""));
  request.addEventListener("abort", () => { busy(false); refuse("Cancelled. Nothing was kept."); });
  $("sending-bar").removeAttribute("value");
  $("sending-text").textContent = "Uploading…";
  busy(true);
  request.send(body);
});
$("cancel").addEventListener("click", () => request?.abort());
// A page that comes back from the browser's memory must not look busy.
window.addEventListener("pageshow", () => { if (!request) { busy(false); } });
