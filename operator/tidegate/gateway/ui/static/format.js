// Formatting of numbers and times. Times are Unix seconds of the gateway, whose clock may differ from the browser's.

import { h } from "./dom.js";

const UNITS = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];
const TICK_MS = 1000;
const whole = new Intl.NumberFormat("en");
const moments = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
let clockOffset = 0;

/** Set the current time of the gateway's clock. */
export function setNow(seconds) {
  clockOffset = seconds - Date.now() / 1000;
}

/** The current time of the gateway's clock. */
export function now() {
  return Date.now() / 1000 + clockOffset;
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
  const parts = [];
  for (const [unit, size] of UNITS) {
    const number = Math.floor(left / size);
    left -= number * size;
    if (number || parts.length) parts.push(number ? `${number}${unit}` : "");
  }
  return parts.slice(0, 2).filter(Boolean).join(" ") || "0s";
}

/** Date and time in the browser's language. */
export function moment(seconds) {
  return moments.format(new Date(seconds * 1000));
}

/** An element that shows how long ago this was, with date and time in its title. 0 and null are never. */
export function ago(seconds, { never = "never" } = {}) {
  if (!seconds) return h("span", { class: "none" }, never);
  const time = h("time", { datetime: iso(seconds), title: moment(seconds), "data-at": seconds });
  return update(time);
}

/** An element that shows the time until then. */
export function until(seconds) {
  const time = h("time", { datetime: iso(seconds), title: moment(seconds), "data-at": seconds, "data-until": true });
  return update(time);
}

/** Update all these elements every second. */
export function startTicking() {
  setInterval(() => {
    if (!document.hidden) document.querySelectorAll("time[data-at]").forEach(update);
  }, TICK_MS);
}

function update(time) {
  const age = now() - Number(time.dataset.at);
  const text = "until" in time.dataset ? `in ${span(-age)}` : `${span(age)} ago`;
  if (time.textContent !== text) time.textContent = text;
  return time;
}

function iso(seconds) {
  return new Date(seconds * 1000).toISOString();
}
