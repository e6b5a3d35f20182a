// Starts Eloqua for the pages of one session. Entries of forms are never handed to it here (R-EL-01).
(() => {
  const { site } = document.currentScript.dataset;
  window._elqQ = window._elqQ || [];
  window._elqQ.push(["elqSetSiteId", site]);
  window._elqQ.push(["elqTrackPageView"]);
  const script = document.createElement("script");
  script.src = "https://img.en25.com/i/elqCfg.min.js";
  script.async = true;
  document.head.append(script);
})();
