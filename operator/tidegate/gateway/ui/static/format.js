// Numbers and times as people read them. Times are Unix seconds of the gateway, whose clock may differ from ours.

import { h } from "./dom.js";

const UNITS = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];
const TICK_MS = 1000;
const whole = new Intl.NumberFormat("en");
const moments = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
let ahead = 0;

/** From now on the gateway's clock is known to show this. */
export function setNow(seconds) {
  ahead = seconds - Date.now() / 1000;
}

/** What the gateway's clock shows. */
export function now() {
  return Date.now() / 1000 + ahead;
}

/** `12,345` */
export function count(number) {
  return whole.format(number);
}

/** `1 group`, `12 groups` */
export function counted(number, word) {
  return `${count(number)} ${word}${number === 1 ? "" : "s"}`;
}

/** Two units at most: `45s`, `5m 10s`, `2d 4h`. */
export function span(seconds) {
  let left = Math.max(0, Math.floor(seconds));
  const said = [];
  for (const [unit, size] of UNITS) {
    const number = Math.floor(left / size);
    left -= number * size;
    if (number || said.length) said.push(number ? `${number}${unit}` : "");
  }
  return said.slice(0, 2).filter(Boolean).join(" ") || "0s";
}

/** A moment in words of this place and language. */
export function moment(seconds) {
  return moments.format(new Date(seconds * 1000));
}

/** How long ago, kept current; the moment itself stands in its title. 0 and null are never. */
export function ago(seconds, { never = "never" } = {}) {
  if (!seconds) return h("span", { class: "none" }, never);
  const time = h("time", { datetime: iso(seconds), title: moment(seconds), "data-at": seconds });
  return tell(time);
}

/** How long until, kept current. */
export function until(seconds) {
  const time = h("time", { datetime: iso(seconds), title: moment(seconds), "data-at": seconds, "data-until": true });
  return tell(time);
}

/** Keep all ages of the page current. */
export function startTicking() {
  setInterval(() => {
    if (!document.hidden) document.querySelectorAll("time[data-at]").forEach(tell);
  }, TICK_MS);
}

function tell(time) {
  const age = now() - Number(time.dataset.at);
  const text = "until" in time.dataset ? `in ${span(-age)}` : `${span(age)} ago`;
  if (time.textContent !== text) time.textContent = text;
  return time;
}

function iso(seconds) {
  return new Date(seconds * 1000).toISOString();
}
