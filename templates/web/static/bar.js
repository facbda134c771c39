// A report's tools: copy the link, close open menus, keep the list of one's own reports right.
import { forget } from "./mine.js";

const share = document.getElementById("share");
if (share) {
  const say = (text) => { share.textContent = text; setTimeout(() => { share.textContent = "Copy link"; }, 1800); };
  share.hidden = false;
  share.addEventListener("click", async () => {
    const address = location.origin + location.pathname;
    try {
      await navigator.clipboard.writeText(address);
      say("Copied");
    } catch { // not a secure context: the address bar has it too
      prompt("The link to this report:", address);
    }
  });
}
const menus = [...document.querySelectorAll(".tools details")];
document.addEventListener("click", (event) => {
  for (const menu of menus) { if (!menu.contains(event.target)) { menu.open = false; } }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") { return; }
  for (const menu of menus) {
    if (menu.open) { menu.open = false; menu.querySelector("summary").focus(); }
  }
});
for (const form of document.querySelectorAll("form[data-delete]")) {
  form.addEventListener("submit", () => forget(form.dataset.delete));
}
