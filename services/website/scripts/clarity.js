// Starts Microsoft Clarity. Two switches, each as it was granted; what is typed is masked.
(() => {
  const { site, analytics, ads } = document.currentScript.dataset;
  for (const one of document.querySelectorAll("input, select, textarea, form")) {
    one.setAttribute("data-clarity-mask", "True");
  }
  window.clarity =
    window.clarity ||
    function () {
      (window.clarity.q = window.clarity.q || []).push(arguments);
    };
  window.clarity("consentv2", { ad_Storage: ads, analytics_Storage: analytics });
  window.addEventListener("over", ({ detail }) => {
    const left = (switched, ...purposes) =>
      purposes.some((one) => detail.includes(one)) ? "denied" : switched;
    window.clarity("consentv2", {
      ad_Storage: left(ads, "tracker.clarity", "tracker.clarity.ads"),
      analytics_Storage: left(analytics, "tracker.clarity"),
    });
  });
  const script = document.createElement("script");
  script.src = `https://www.clarity.ms/tag/${encodeURIComponent(site)}`;
  script.async = true;
  document.head.append(script);
})();
