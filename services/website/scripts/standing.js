// Ends here what was taken back in another window of this browser. A page that follows an end says
// what stands; a page with trackers that hears of one that does not lets it make its provider's own
// call, and comes again without it. Nothing is typed on such a page, so nothing is lost.
(() => {
  const { stands, runs } = document.currentScript.dataset;
  const channel = new BroadcastChannel("standing");
  if (stands !== undefined) channel.postMessage(stands.split(" "));
  if (runs === undefined) return;
  channel.addEventListener("message", ({ data }) => {
    const over = runs.split(" ").filter((one) => !data.includes(one));
    if (over.length === 0) return;
    window.dispatchEvent(new CustomEvent("over", { detail: over }));
    window.location.reload();
  });
})();
