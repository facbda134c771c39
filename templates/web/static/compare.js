// Offers one's own reports where an address is asked for.
import { list } from "./mine.js";

const offer = document.getElementById("reports");
for (const item of list()) {
  const answer = await fetch(`/api/v1/reports/${item.id}/status`).catch(() => null);
  if (!answer?.ok) { continue; }
  const status = await answer.json();
  if (status.state !== "done") { continue; }
  const option = document.createElement("option");
  option.value = item.id;
  option.label = `${new Date(status.created_at).toLocaleString()}: ${status.headline} (${status.files.map((f) => f.name).join(", ")})`;
  offer.append(option);
}
