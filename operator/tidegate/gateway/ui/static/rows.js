// The rows of a long list that are known by now: some of very many, by their places.

const BLOCK = 100;

/** Rows of a list that the gateway keeps. `load(offset, limit)` gets more of them and `onRows` hears of them. */
export class Rows {
  constructor({ load, onRows }) {
    this.load = load;
    this.onRows = onRows;
    this.start({ total: 0, offset: 0, groups: [] });
  }

  /** Begin with another list, of which the answer has the first rows that are needed. */
  start({ total, offset, groups }) {
    this.total = total;
    this.known = new Map();
    this.asked = new Set();
    this.put(offset, groups);
  }

  put(offset, groups) {
    groups.forEach((group, place) => this.known.set(offset + place, group));
  }

  at(place) {
    return this.known.get(place);
  }

  /** See that the rows from `first` up to `end` become known. */
  async need(first, end) {
    for (let block = Math.floor(first / BLOCK); block * BLOCK < Math.min(end, this.total); block += 1) {
      if (!this.asked.has(block) && this.misses(block)) await this.get(block);
    }
  }

  misses(block) {
    for (let place = block * BLOCK; place < Math.min((block + 1) * BLOCK, this.total); place += 1) {
      if (!this.known.has(place)) return true;
    }
    return false;
  }

  async get(block) {
    const { known, asked } = this;
    asked.add(block);
    try {
      const { offset, groups } = await this.load(block * BLOCK, BLOCK);
      if (known !== this.known) return; // Another list has been begun meanwhile.
      this.put(offset, groups);
      this.onRows();
    } catch (error) {
      asked.delete(block);
      throw error;
    }
  }
}
