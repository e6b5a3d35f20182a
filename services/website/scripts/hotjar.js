// Starts Hotjar. What is typed stays out of every recording: each control is suppressed first.
(() => {
  const { site } = document.currentScript.dataset;
  for (const one of document.querySelectorAll("input, select, textarea, form")) {
    one.setAttribute("data-hj-suppress", "");
  }
  window.hj =
    window.hj ||
    function () {
      (window.hj.q = window.hj.q || []).push(arguments);
    };
  window._hjSettings = { hjid: site, hjsv: 6 };
  const script = document.createElement("script");
  script.src = `https://static.hotjar.com/c/hotjar-${encodeURIComponent(site)}.js?sv=6`;
  script.async = true;
  document.head.append(script);
})();
