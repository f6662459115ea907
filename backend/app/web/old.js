// Says which browser the page needs, if its modules could not start. Any browser can run this file.
window.addEventListener("load", function () {
  if (document.documentElement.hasAttribute("data-running")) return;
  document.getElementById("starting").hidden = true;
  document.getElementById("old").hidden = false;
});
