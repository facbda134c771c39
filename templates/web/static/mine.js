// One's own reports: their ids in this browser's storage, everything else asked of the service.
const KEY = "hangup.reports";
const MOST = 50;

export function list() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((item) => item && typeof item.id === "string") : [];
  } catch {
    return []; // storage is switched off, or holds something else
  }
}

export function keep(items) {
  try {
    localStorage.setItem(KEY, JSON.stringify(items.slice(0, MOST)));
  } catch { /* without storage there is no list, and everything else works */ }
}

export function remember(id) {
  keep([{ id, at: new Date().toISOString() }, ...list().filter((item) => item.id !== id)]);
}

export function forget(id) {
  keep(list().filter((item) => item.id !== id));
}
