"use strict";
(function () {
  var $ = function (id) { return document.getElementById(id); };
  var each = function (list, fn) { Array.prototype.forEach.call(list, fn); };

  // ---- on paper, everything is open
  var closed = [];
  window.addEventListener("beforeprint", function () {
    closed = [];
    each(document.querySelectorAll("details"), function (d) { if (!d.open) { closed.push(d); d.open = true; } });
  });
  window.addEventListener("afterprint", function () { each(closed, function (d) { d.open = false; }); });

  // ---- filter, sort and search over the tickets
  var form = $("filters"), body = $("rows");
  if (!form || !body) { return; }
  form.hidden = false;
  var rows = [];
  each(body.rows, function (row) { rows.push({ row: row, n: rows.length, text: null, on: true }); });
  function textOf(item) {
    if (item.text === null) { item.text = item.row.textContent.toLowerCase(); }
    return item.text;
  }
  function keyOf(item, column) {
    if (column === "opened") { return item.row.getAttribute("data-o"); }
    if (column === "streams") { return +item.row.getAttribute("data-s"); }
    return item.row.cells[column === "ticket" ? 0 : 3].textContent;
  }
  var sorted = "";
  var words = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  function sort(column) {
    if (column === sorted) { return; }
    sorted = column;
    var order = rows.slice();
    if (column) {
      order.forEach(function (item) { item.key = keyOf(item, column); });
      order.sort(function (a, b) {
        if (a.key === b.key) { return a.n - b.n; }
        if (a.key === "") { return 1; }
        if (b.key === "") { return -1; }
        if (column === "streams") { return b.key - a.key; }
        if (column === "opened") { return a.key < b.key ? 1 : -1; }
        return words.compare(a.key, b.key) || a.n - b.n;
      });
    }
    var part = document.createDocumentFragment();
    order.forEach(function (item) { part.appendChild(item.row); });
    body.appendChild(part);
  }
  function apply() {
    var asked = $("f-q").value.toLowerCase().split(/\s+/).filter(Boolean);
    var tone = $("f-tone").value, cause = $("f-cause").value, shown = 0;
    sort($("f-sort").value);
    rows.forEach(function (item) {
      var own = item.row.getAttribute("data-t");
      var on = (!tone || own === tone || (tone === "none" && own === "unread")) &&
        (!cause || item.row.getAttribute("data-c") === cause) &&
        asked.every(function (word) { return textOf(item).indexOf(word) >= 0; });
      if (on) { shown++; }
      if (on !== item.on) { item.on = on; item.row.hidden = !on; }
    });
    $("f-n").textContent = shown.toLocaleString("en") + (shown === 1 ? " ticket" : " tickets");
  }
  var timer = 0;
  function soon() { clearTimeout(timer); timer = setTimeout(apply, 80); }
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  form.addEventListener("submit", function (e) { e.preventDefault(); apply(); });
  form.addEventListener("reset", function () { setTimeout(apply, 0); });
  apply();
})();
