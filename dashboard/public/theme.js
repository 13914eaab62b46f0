// Runs before the first paint, as a file of its own because the CSP allows no inline script.
(() => {
  try {
    const kept = JSON.parse(localStorage.getItem('fleetlog.preferences') || '{}');
    if (kept.theme === 'light' || kept.theme === 'dark') document.documentElement.dataset.theme = kept.theme;
    const language = kept.language || (navigator.language.startsWith('zh') ? 'zh' : 'en');
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  } catch {
    // Storage may be blocked; the system's theme and English are right then.
  }
})();
