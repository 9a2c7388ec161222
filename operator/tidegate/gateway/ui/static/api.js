// Requests to the gateway. Every failure is an error whose message says what to do.

/** A failed request; `status` is 0 without a response. */
export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/**
 * The URL of a path relative to the page, whatever the prefix. A password in the page's own URL is removed: `fetch`
 * rejects such a URL, and the browser sends the password anyway.
 */
export function at(path) {
  const url = new URL(path, document.baseURI.replace(/[?#].*$/, ""));
  url.username = url.password = "";
  return url;
}

/** GET `api/v1/<path>`. A list in `query` is a repeated parameter; empty values are left out. */
export async function get(path, query = {}, { signal } = {}) {
  const url = at(`api/v1/${path}`);
  for (const [name, value] of Object.entries(query)) {
    for (const each of [value].flat()) if (each !== "" && each !== null) url.searchParams.append(name, each);
  }
  return request(url, { signal, headers: { Accept: "application/json" } });
}

/** Delete groups, or list those that would be deleted. `message` is described in `page_deletion.py`. */
export async function deleteGroups(message) {
  const headers = { "Content-Type": "application/json", Accept: "application/json" };
  return request(at("page/delete"), { method: "POST", headers, body: JSON.stringify(message) });
}

async function request(url, options) {
  const response = await fetch(url, { ...options, cache: "no-store", credentials: "same-origin" }).catch((error) => {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The gateway does not respond. Check that it is running. Retrying in a moment.", 0);
  });
  const text = await response.text();
  const message = parsed(text);
  if (response.ok && message?.status === "success") return message.data;
  throw new ApiError(reason(response, message, text), response.status);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function reason(response, message, text) {
  if (message?.error) return message.error;
  if (response.status === 401) return "The gateway requires a password. Reload the page to enter it.";
  if (response.status === 429) return "The gateway has too many requests. Retrying in a moment.";
  const firstLine = text.trim().split("\n")[0].slice(0, 300);
  return `The gateway responded with status ${response.status}${firstLine ? `: ${firstLine}` : ""}`;
}
