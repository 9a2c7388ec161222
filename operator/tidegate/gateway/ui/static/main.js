// The page: which view is shown, what is new, and what went wrong.

import { h, say, show } from "./dom.js";
import { count, startTicking } from "./format.js";
import { Groups } from "./groups.js";
import { Live } from "./live.js";
import { here, onChange } from "./route.js";
import { Deletions, Scrapers, Status } from "./tables.js";

const { mode, version } = document.documentElement.dataset;
const LIVE = { live: "live", polling: "every 5 s", away: "gateway is away", paused: "paused" };
const main = document.getElementById("main");
const notice = document.getElementById("notice");
const told = { onError: complain };
const views = { groups: new Groups({ isReadOnly: mode === "read-only", ...told }), scrapers: new Scrapers(told),
  deletions: new Deletions(told), status: new Status(told) };
let shown = null;

function enter() {
  const { view, params } = here();
  if (views[view] !== shown) {
    shown = views[view];
    show(main, shown.element);
    document.title = `${shown.title()} – tidegate`;
    for (const link of document.querySelectorAll("nav a")) {
      if (link.hash === `#${view}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  }
  shown.enter(params);
}

function complain(error) {
  if (isOutdated) return;
  notice.hidden = !error;
  if (error) say(notice, error.message);
}

let isOutdated = false;

function hear(news) {
  if (news) {
    say(document.getElementById("count-groups"), count(news.states.live + news.states.draining));
    say(document.getElementById("count-scrapers"), count(news.scrapers));
    if (news.version !== version) outdate();
  }
  shown.changed();
}

/** The gateway has another page by now: what this one asks for may be there no more. */
function outdate() {
  isOutdated = true;
  notice.hidden = false;
  show(notice, "The gateway has been replaced by another version. ",
    h("button", { type: "button", onclick: () => location.reload() }, "Reload the page"));
}

function tellState(state) {
  const live = document.getElementById("live");
  live.className = `stream ${state}`;
  say(live, LIVE[state]);
}

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input, select, textarea, dialog");
  if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.getElementById("search");
  if (!search) return;
  event.preventDefault();
  search.focus();
});
startTicking();
onChange(enter);
enter();
new Live({ onNews: hear, onState: tellState }).open();
