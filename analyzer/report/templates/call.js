
(function () {
  "use strict";
  const audio = document.getElementById("audio");
  const acts = document.getElementById("show-acts");
  acts.addEventListener("change", () => document.body.classList.toggle("hide-acts", !acts.checked));

  const map = document.getElementById("timeline");
  document.querySelectorAll("[data-zoom]").forEach((button) => button.addEventListener("click", () => {
    map.style.width = button.dataset.zoom * 100 + "%";
    press("[data-zoom]", button);
  }));

  function press(group, pressed) {
    document.querySelectorAll(group).forEach((one) => one.setAttribute("aria-pressed", String(one === pressed)));
  }

  if (!audio) return;

  const turns = JSON.parse(document.getElementById("report").textContent).turns.filter((turn) => turn.start_ms !== null);
  const playhead = document.getElementById("playhead");
  const panel = document.getElementById("turns");
  const follow = document.getElementById("follow");
  const STEP_S = 5;
  let moment = null;
  let current = null;
  let ownSeek = false;

  function seek(seconds) {
    ownSeek = true;
    audio.currentTime = Math.max(0, seconds);
  }

  function start() {
    const started = audio.play();
    if (started) started.catch(() => {});
  }

  function leaveMoment() {
    if (moment) moment.button.setAttribute("aria-pressed", "false");
    moment = null;
  }

  function playMoment(button) {
    if (!button.dataset.end) { playOn(button); return; }
    const again = moment && moment.button === button;
    if (again && !audio.paused) { audio.pause(); return; }
    if (again && audio.currentTime < moment.end) { start(); return; }
    leaveMoment();
    moment = { button: button, end: button.dataset.end / 1000 };
    button.setAttribute("aria-pressed", "true");
    seek(button.dataset.start / 1000);
    start();
  }

  function playFrom(seconds) {
    leaveMoment();
    seek(seconds);
    start();
  }

  function playOn(button) {
    if (!audio.paused && current === button.closest(".turn")) audio.pause();
    else playFrom(button.dataset.start / 1000);
  }

  function turnAt(ms) {
    let found = null;
    for (const turn of turns) {
      if (turn.start_ms > ms) break;
      if (found === null || turn.end_ms > ms || turn.start_ms >= found.end_ms) found = turn;
    }
    return found;
  }

  function show() {
    const ms = audio.currentTime * 1000;
    if (playhead) {
      const place = Math.min(100, 100 * ms / map.dataset.span) + "%";
      playhead.setAttribute("x1", place);
      playhead.setAttribute("x2", place);
    }
    const turn = turnAt(ms);
    const row = turn && document.getElementById("turn-" + turn.index);
    if (row === current) return;
    if (current) { current.classList.remove("now"); current.removeAttribute("aria-current"); }
    current = row;
    if (!row) return;
    row.classList.add("now");
    row.setAttribute("aria-current", "true");
    if (follow.checked && panel.scrollHeight > panel.clientHeight + 1) {
      const shift = row.getBoundingClientRect().top - panel.getBoundingClientRect().top;
      panel.scrollTop += shift - panel.clientHeight / 3;
    }
  }

  function tick() {
    if (moment && audio.currentTime >= moment.end) {
      audio.pause();
      leaveMoment();
    }
    show();
  }

  function frame() {
    tick();
    if (!audio.paused) requestAnimationFrame(frame);
  }

  audio.addEventListener("play", () => requestAnimationFrame(frame));
  audio.addEventListener("timeupdate", tick);
  audio.addEventListener("ended", leaveMoment);
  audio.addEventListener("seeking", () => {
    if (!ownSeek) leaveMoment();
    ownSeek = false;
    show();
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.play");
    if (button) { playMoment(button); return; }
    const quote = event.target.closest(".can-play");
    if (quote && !event.target.closest("a") && String(getSelection()) === "") playMoment(quote.querySelector("button.play"));
  });

  document.querySelectorAll("[data-rate]").forEach((button) => button.addEventListener("click", () => {
    audio.playbackRate = Number(button.dataset.rate);
    press("[data-rate]", button);
  }));

  if (map && map.dataset.timed === "true") {
    map.addEventListener("click", (event) => {
      event.preventDefault();
      const mark = event.target.closest("[data-start]");
      const box = map.getBoundingClientRect();
      const ms = mark ? Number(mark.dataset.start) : map.dataset.span * (event.clientX - box.left) / box.width;
      playFrom(ms / 1000);
    });
  }

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.target.closest("input, textarea, select, audio, [contenteditable]")) return;
    if (event.key === " ") {
      if (event.target.closest("button, summary")) return;
      event.preventDefault();
      if (audio.paused) start(); else audio.pause();
    } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      event.preventDefault();
      leaveMoment();
      seek(audio.currentTime + (event.key === "ArrowRight" ? STEP_S : -STEP_S));
    }
  });
})();
