// The page: shows a view, notifies it of changes, and shows errors.

import { h, setText, show } from "./dom.js";
import { count, startTicking } from "./format.js";
import { Groups } from "./groups.js";
import { Live } from "./live.js";
import { here, onChange } from "./route.js";
import { Deletions, Scrapers, Status } from "./tables.js";

const { mode, version } = document.documentElement.dataset;
const LIVE = { live: "live", polling: "polling every 5 s", away: "reconnecting", paused: "paused" };
const main = document.getElementById("main");
const notice = document.getElementById("notice");
const handlers = { onError: showError };
const views = { groups: new Groups({ isReadOnly: mode === "read-only", ...handlers }), scrapers: new Scrapers(handlers),
  deletions: new Deletions(handlers), status: new Status(handlers) };
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

function showError(error) {
  if (isOutdated) return;
  notice.hidden = !error;
  if (error) setText(notice, error.message);
}

let isOutdated = false;

function onNews(news) {
  if (news) {
    setText(document.getElementById("count-groups"), count(news.states.live + news.states.draining));
    setText(document.getElementById("count-scrapers"), count(news.scrapers));
    if (news.version !== version) showOutdated();
  }
  shown.changed();
}

/** The gateway now has another version of the page; the requests of this one may fail. */
function showOutdated() {
  isOutdated = true;
  notice.hidden = false;
  show(notice, "The gateway now runs another version. ",
    h("button", { type: "button", onclick: () => location.reload() }, "Reload the page"));
}

function showState(state) {
  const live = document.getElementById("live");
  live.className = `stream ${state}`;
  setText(live, LIVE[state]);
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
new Live({ onNews, onState: showState }).open();
