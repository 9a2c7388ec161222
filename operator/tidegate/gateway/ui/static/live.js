// What is new, without a reload: a stream of events, and where none is to be had a look every few seconds.

import { at } from "./api.js";

const POLL_MS = 5000;
const RETRY_MS = 30000;

/** Tells `onNews` that something may have changed, with what the gateway said of it or null, and `onState` how it is:
 *  "live", "polling", "away" or "paused". While nobody sees the page it asks for nothing. */
export class Live {
  constructor({ onNews, onState }) {
    this.onNews = onNews;
    this.onState = onState;
    this.source = null;
    this.timers = [];
    document.addEventListener("visibilitychange", () => (document.hidden ? this.pause() : this.open()));
  }

  open() {
    this.close();
    if (document.hidden) return;
    this.source = new EventSource(at("api/v1/events"));
    this.source.addEventListener("news", (event) => {
      this.stopPolling();
      this.onState("live");
      this.onNews(JSON.parse(event.data));
    });
    this.source.addEventListener("error", () => this.lost());
  }

  /** The stream broke off, and the browser may be getting another one; or it was refused. */
  lost() {
    if (this.source.readyState !== EventSource.CLOSED) {
      this.onState("away");
      return;
    }
    this.onState("polling");
    this.stopPolling();
    this.timers = [setInterval(() => this.onNews(null), POLL_MS), setTimeout(() => this.open(), RETRY_MS)];
    this.onNews(null);
  }

  pause() {
    this.close();
    this.onState("paused");
  }

  close() {
    this.source?.close();
    this.stopPolling();
  }

  stopPolling() {
    this.timers.forEach(clearTimeout);
    this.timers = [];
  }
}
