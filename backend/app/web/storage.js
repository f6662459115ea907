// What the browser keeps for the page: as JSON, and only for as long as the page is open where it keeps nothing.

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

// Of this browser: `kept`; of this tab: `tab`.
export const kept = keeper("localStorage");
export const tab = keeper("sessionStorage");
