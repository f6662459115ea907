// What has changed of the board since its views were told last. They are told once a frame.

const nothing = () => ({
  // All was read anew.
  reset: false,
  // Ids of statuses.
  posted: /** @type {number[]} */ ([]),
  edited: /** @type {Set<number>} */ (new Set()),
  deleted: /** @type {Set<number>} */ (new Set()),
  // The statuses whose references are all merged or closed now.
  cleared: /** @type {Status[]} */ ([]),
  // Names of references.
  references: /** @type {Set<string>} */ (new Set()),
  // Somebody is called otherwise, also to be told from somebody else.
  names: false,
  // Something that Now or Blocked is made of.
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

  // Returns what is told next, for more to be added to it: in the next frame, or soon where there is none because nobody
  // looks.
  next() {
    if (!this.#isDue) {
      this.#isDue = true;
      const tell = () => this.tell();
      requestAnimationFrame(tell);
      setTimeout(tell, document.hidden ? 50 : 300);
    }
    return this.#gathered;
  }

  // Tells at once what was gathered.
  tell() {
    if (!this.#isDue) return;
    this.#isDue = false;
    const changes = this.#gathered;
    this.#gathered = nothing();
    for (const listener of [...this.#listeners]) listener(changes);
  }
}
