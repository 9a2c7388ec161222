// Notification of changes: by a stream of events, or by polling if there is no stream.

import { at } from "./api.js";

const POLL_MS = 5000;
const RETRY_MS = 30000;

/** Calls `onNews` after every possible change, with the event or null, and `onState` with the state of the connection:
 *  "live", "polling", "away" or "paused". While the page is hidden, it sends no requests. */
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
    this.source.addEventListener("error", () => this.onLost());
  }

  /** The stream ended. The browser reconnects, unless the gateway rejected the stream; then poll. */
  onLost() {
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
