// Starts Salesloft. The page names this file only after a click in its mail and a grant together (R-SL-01).
(() => {
  const { site } = document.currentScript.dataset;
  window.SLScoutObject = "slscout";
  window.slscout =
    window.slscout ||
    function () {
      (window.slscout.q = window.slscout.q || []).push(arguments);
    };
  window.slscout(["init", site]);
  const script = document.createElement("script");
  script.src = "https://scout-cdn.salesloft.com/sl.js";
  script.async = true;
  document.head.append(script);
})();
