// Collects what has changed on the board, and tells the views once a frame.

const nothing = () => ({
  // Everything was read again.
  reset: false,
  // Ids of statuses.
  posted: /** @type {number[]} */ ([]),
  edited: /** @type {Set<number>} */ (new Set()),
  deleted: /** @type {Set<number>} */ (new Set()),
  // Statuses whose references are now all merged or closed.
  cleared: /** @type {Status[]} */ ([]),
  // Names of references.
  references: /** @type {Set<string>} */ (new Set()),
  // Somebody has a new name, or a name now looks like another.
  names: false,
  // Something that Now or Blocked shows.
  overview: false,
});

export class Changes {
  #gathered = nothing();
  #isDue = false;
  /** @type {Set<(changes: BoardChanges) => unknown>} */
  #listeners = new Set();

  /** @param {(changes: BoardChanges) => unknown} listener @returns {Stop} */
  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // Returns the next changes, so that the caller can add to them. The views are told in the next frame, or soon if
  // there is none because the page is hidden.
  next() {
    if (!this.#isDue) {
      this.#isDue = true;
      const tell = () => this.tell();
      requestAnimationFrame(tell);
      setTimeout(tell, document.hidden ? 50 : 300);
    }
    return this.#gathered;
  }

  // Tells the views at once.
  tell() {
    if (!this.#isDue) return;
    this.#isDue = false;
    const changes = this.#gathered;
    this.#gathered = nothing();
    for (const listener of [...this.#listeners]) listener(changes);
  }
}
