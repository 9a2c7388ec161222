// The loaded rows of a long list, by index.

const BLOCK = 100;

/** Rows of a list that the gateway caches. `load(offset, limit)` requests rows; `onRows` is called when they arrive. */
export class Rows {
  constructor({ load, onRows }) {
    this.request = load;
    this.onRows = onRows;
    this.start({ total: 0, offset: 0, groups: [] });
  }

  /** Start with another list and its first loaded rows. */
  start({ total, offset, groups }) {
    this.total = total;
    this.loaded = new Map();
    this.requested = new Set();
    this.put(offset, groups);
  }

  put(offset, groups) {
    groups.forEach((group, index) => this.loaded.set(offset + index, group));
  }

  at(index) {
    return this.loaded.get(index);
  }

  /** Load the missing rows from `first` up to `end`. */
  async load(first, end) {
    for (let block = Math.floor(first / BLOCK); block * BLOCK < Math.min(end, this.total); block += 1) {
      if (!this.requested.has(block) && this.isIncomplete(block)) await this.loadBlock(block);
    }
  }

  isIncomplete(block) {
    for (let index = block * BLOCK; index < Math.min((block + 1) * BLOCK, this.total); index += 1) {
      if (!this.loaded.has(index)) return true;
    }
    return false;
  }

  async loadBlock(block) {
    const { loaded, requested } = this;
    requested.add(block);
    try {
      const { offset, groups } = await this.request(block * BLOCK, BLOCK);
      if (loaded !== this.loaded) return; // The list was replaced meanwhile.
      this.put(offset, groups);
      this.onRows();
    } catch (error) {
      requested.delete(block);
      throw error;
    }
  }
}
