// What the browser keeps for the page: as JSON, and only for as long as the page is open where it keeps nothing.

function keeper(area) {
  const memory = new Map();
  return {
    get(name) {
      if (memory.has(name)) return memory.get(name);
      try {
        return JSON.parse(window[area].getItem(`statusboard.${name}`));
      } catch {
        return null;
      }
    },
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
