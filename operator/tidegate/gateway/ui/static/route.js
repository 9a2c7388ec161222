// Where the page is: the view and what it shows stand in the part of the address behind #, so that it can be shared.

const VIEWS = ["groups", "scrapers", "deletions", "status"];

/** The view, and its parameters. */
export function here() {
  const [name, query] = location.hash.slice(1).split("?", 2);
  const usual = location.pathname.endsWith("/status") ? "status" : "groups";
  return { view: VIEWS.includes(name) ? name : usual, params: new URLSearchParams(query ?? "") };
}

/** Go to a view. What is empty is left out. */
export function go(view, params, { replace = false } = {}) {
  const kept = Object.entries(params).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const query = new URLSearchParams(kept).toString();
  const hash = query ? `#${view}?${query}` : `#${view}`;
  if (hash === location.hash) return;
  history[replace ? "replaceState" : "pushState"](null, "", hash);
}

/** Call this whenever somebody goes elsewhere: by a link, the address, the browser's buttons. */
export function onChange(listener) {
  addEventListener("hashchange", listener);
}
