"use strict";
(function () {
  var $ = function (id) { return document.getElementById(id); };
  var each = function (list, fn) { Array.prototype.forEach.call(list, fn); };
  var say = function (text) { $("said").textContent = ""; setTimeout(function () { $("said").textContent = text; }, 50); };

  // ---- copy buttons: made here, so that nobody without scripts sees a dead one
  function byHand(text) {
    var area = document.createElement("textarea");
    area.value = text;
    area.className = "vh";
    document.body.appendChild(area);
    area.select();
    var ok = false;
    try { ok = document.execCommand("copy"); } catch (e) { ok = false; }
    area.remove();
    return ok;
  }
  function copy(text, button) {
    function done(ok) {
      button.textContent = ok ? "Copied" : "Press Ctrl+C";
      say(ok ? "Copied" : "Could not copy; select the text and press Ctrl+C");
      setTimeout(function () { button.textContent = "Copy"; }, 1800);
    }
    if (navigator.clipboard && window.isSecureContext) {
      navigator.clipboard.writeText(text).then(function () { done(true); }, function () { done(byHand(text)); });
    } else { done(byHand(text)); }
  }
  function offer(text, name) {
    var button = document.createElement("button");
    button.type = "button";
    button.className = name;
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy: " + text.trim().slice(0, 40));
    button.addEventListener("click", function () { copy(text, button); });
    return button;
  }
  each(document.querySelectorAll("[data-copy], [data-copy-inline]"), function (box) {
    box.appendChild(offer((box.querySelector("pre") || box).textContent, "copy"));
  });
  // A setting with its value inside of a sentence; a mere name is typed faster than copied.
  each(document.querySelectorAll(".steps p code"), function (code) {
    if (/.[\s:=]\S/.test(code.textContent)) { code.after(offer(code.textContent, "copy copy-in")); }
  });

  // ---- words that link to what they mean say it under the pointer, too
  each(document.querySelectorAll("a.term, dt > a, .legend a, .src > a"), function (link) {
    var target = $(link.hash.slice(1));
    var meaning = target && target.querySelector("dd");
    if (meaning) { link.title = meaning.textContent; }
  });

  // ---- links into closed details open them
  function openTarget() {
    var id = decodeURIComponent(location.hash.slice(1));
    var target = id && $(id);
    for (var node = target; node; node = node.parentElement) { if (node.tagName === "DETAILS") { node.open = true; } }
    if (target) { target.scrollIntoView(); }
  }
  window.addEventListener("hashchange", openTarget);
  if (location.hash) { openTarget(); }

  // ---- on paper, everything is open
  var closed = [];
  window.addEventListener("beforeprint", function () {
    closed = [];
    each(document.querySelectorAll("details"), function (d) {
      if (!d.open) { closed.push(d); d.removeAttribute("name"); d.open = true; }
    });
  });
  window.addEventListener("afterprint", function () { each(closed, function (d) { d.open = false; }); });

  // ---- filter, sort and search over all exchanges
  var form = $("filters");
  if (!form) { return; }
  form.hidden = false;
  var bodies = document.querySelectorAll("table.xs > tbody");
  var portions = document.querySelectorAll(".portion");
  var rows = [];
  each(bodies, function (body, b) {
    each(body.rows, function (row) {
      rows.push({ row: row, home: b, n: rows.length, text: null, on: true });
    });
  });
  var sizes = Array.prototype.map.call(bodies, function (body) { return body.rows.length; });
  function textOf(item) {
    if (item.text === null) {
      var cells = item.row.cells;
      item.text = (cells[0].textContent + " " + cells[1].textContent + " " + cells[2].textContent).toLowerCase();
    }
    return item.text;
  }
  var sorted = "";
  function sort(column) {
    if (column === sorted) { return; }
    sorted = column;
    var order = rows.slice();
    if (column === "0") {
      order.sort(function (a, b) { return textOf(a) < textOf(b) ? -1 : textOf(a) > textOf(b) ? 1 : a.n - b.n; });
    } else if (column !== "") {
      var value = function (item) {
        var cell = item.row.cells[+column], v = cell.getAttribute("data-v");
        if (v === null && column === "1") { v = cell.textContent; }
        return v === "" || v === null ? null : +v;
      };
      var down = column === "4" || column === "5" || column === "1";
      order.forEach(function (item) { item.key = value(item); });
      order.sort(function (a, b) {
        if (a.key === b.key) { return a.n - b.n; }
        if (a.key === null) { return 1; }
        if (b.key === null) { return -1; }
        return down ? b.key - a.key : a.key - b.key;
      });
    }
    var at = 0;
    each(bodies, function (body, b) {
      var part = document.createDocumentFragment();
      for (var i = 0; i < sizes[b]; i++) { part.appendChild(order[at++].row); }
      body.appendChild(part);
      body.parentNode.caption.hidden = column !== "";
    });
  }
  function apply() {
    var words = $("f-q").value.toLowerCase().split(/\s+/).filter(Boolean);
    var kind = $("f-kind").value, tone = $("f-tone").value, shown = 0;
    sort($("f-sort").value);
    rows.forEach(function (item) {
      var on = (!kind || item.row.cells[2].textContent === kind) && (!tone || item.row.className === "x-" + tone ||
        (tone === "stream" && item.row.cells[0].querySelector("a"))) &&
        words.every(function (w) { return textOf(item).indexOf(w) >= 0; });
      if (on) { shown++; }
      if (on !== item.on) { item.on = on; item.row.hidden = !on; }
    });
    each(portions, function (p, i) { p.hidden = !bodies[i].querySelector("tr:not([hidden])"); });
    $("f-n").textContent = shown.toLocaleString("en") + (shown === 1 ? " exchange" : " exchanges");
  }
  var timer = 0;
  function soon() { clearTimeout(timer); timer = setTimeout(apply, 80); }
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  form.addEventListener("submit", function (e) { e.preventDefault(); apply(); });
  form.addEventListener("reset", function () { setTimeout(apply, 0); });
  apply();
})();
