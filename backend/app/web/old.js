// Says what the page needs where its modules could not start. Written so that any browser understands it.
window.addEventListener("load", function () {
  if (document.documentElement.hasAttribute("data-running")) return;
  document.getElementById("starting").hidden = true;
  document.getElementById("old").hidden = false;
});
