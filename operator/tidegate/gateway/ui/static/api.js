// Asks the gateway. Every failure becomes an error whose message says what to do.

/** What went wrong; `status` is 0 where there was no answer at all. */
export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/**
 * The URL of something below the place where the page is, whatever prefix that has. Without the password where the page
 * was opened with one in its address: `fetch` refuses such a URL, and the browser gives the password by itself.
 */
export function at(path) {
  const url = new URL(path, document.baseURI.replace(/[?#].*$/, ""));
  url.username = url.password = "";
  return url;
}

/** GET `api/v1/<path>`; of `query`, a list becomes a parameter several times, and what is empty none. */
export async function ask(path, query = {}, { signal } = {}) {
  const url = at(`api/v1/${path}`);
  for (const [name, value] of Object.entries(query)) {
    for (const each of [value].flat()) if (each !== "" && each !== null) url.searchParams.append(name, each);
  }
  return answer(url, { signal, headers: { Accept: "application/json" } });
}

/** Have groups deleted, or told which would be; see the gateway's `page/deletes.py`. */
export async function deletes(what) {
  const headers = { "Content-Type": "application/json", Accept: "application/json" };
  return answer(at("page/delete"), { method: "POST", headers, body: JSON.stringify(what) });
}

async function answer(url, options) {
  const response = await fetch(url, { ...options, cache: "no-store", credentials: "same-origin" }).catch((error) => {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The gateway does not answer. Is it running? Trying again in a moment.", 0);
  });
  const text = await response.text();
  const told = parsed(text);
  if (response.ok && told?.status === "success") return told.data;
  throw new ApiError(reason(response, told, text), response.status);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function reason(response, told, text) {
  if (told?.error) return told.error;
  if (response.status === 401) return "The gateway asks for a password: reload the page to give it.";
  if (response.status === 429) return "The gateway has too many requests: trying again in a moment.";
  const said = text.trim().split("\n")[0].slice(0, 300);
  return `The gateway answers ${response.status}${said ? `: ${said}` : ""}`;
}
