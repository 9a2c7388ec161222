// The view and its parameters in the URL's fragment, so that the URL can be shared.

const VIEWS = ["groups", "scrapers", "deletions", "status"];

/** The current view and its parameters. */
export function here() {
  const [name, query] = location.hash.slice(1).split("?", 2);
  const defaultView = location.pathname.endsWith("/status") ? "status" : "groups";
  return { view: VIEWS.includes(name) ? name : defaultView, params: new URLSearchParams(query ?? "") };
}

/** Go to a view. Empty parameters are left out. */
export function go(view, params, { replace = false } = {}) {
  const kept = Object.entries(params).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const query = new URLSearchParams(kept).toString();
  const hash = query ? `#${view}?${query}` : `#${view}`;
  if (hash === location.hash) return;
  history[replace ? "replaceState" : "pushState"](null, "", hash);
}

/** Call the listener after every navigation: by a link, the address bar, or the browser's buttons. */
export function onChange(listener) {
  addEventListener("hashchange", listener);
}
