// What the browser stores for the page, as JSON. If the browser stores nothing, it is kept while the page is open.

/** @param {"localStorage" | "sessionStorage"} area */
function keeper(area) {
  /** @type {Map<string, unknown>} */
  const memory = new Map();
  return {
    /** @param {string} name @returns {any} */
    get(name) {
      if (memory.has(name)) return memory.get(name);
      try {
        return JSON.parse(window[area].getItem(`statusboard.${name}`) ?? "null");
      } catch {
        return null;
      }
    },
    /** @param {string} name @param {unknown} value */
    set(name, value) {
      try {
        if (value === null) window[area].removeItem(`statusboard.${name}`);
        else window[area].setItem(`statusboard.${name}`, JSON.stringify(value));
        memory.delete(name);
      } catch {
        memory.set(name, value);
      }
    },
  };
}

// `kept` is shared by all tabs of this browser; `tab` belongs to this tab.
export const kept = keeper("localStorage");
export const tab = keeper("sessionStorage");
