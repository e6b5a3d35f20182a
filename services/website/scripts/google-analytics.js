// Starts Google Analytics. The page names this file only after its own grant; the opt-out of this
// browser and host is looked at once more, and the network address is masked before it is used.
(() => {
  const { site, anonymizeIp } = document.currentScript.dataset;
  if (document.cookie.split("; ").includes(`ga-disable-${site}=true`)) {
    window[`ga-disable-${site}`] = true;
    return;
  }
  // Google looks at this property before it stores or sends anything.
  window.addEventListener("over", ({ detail }) => {
    if (detail.includes("tracker.google_analytics")) window[`ga-disable-${site}`] = true;
  });
  window.dataLayer = window.dataLayer || [];
  function gtag() {
    window.dataLayer.push(arguments);
  }
  gtag("consent", "default", {
    ad_storage: "denied",
    ad_user_data: "denied",
    ad_personalization: "denied",
    analytics_storage: "granted",
  });
  gtag("js", new Date());
  gtag("config", site, { anonymize_ip: anonymizeIp === "true", allow_google_signals: false });
  const script = document.createElement("script");
  script.src = `https://www.googletagmanager.com/gtag/js?id=${encodeURIComponent(site)}`;
  script.async = true;
  document.head.append(script);
})();
