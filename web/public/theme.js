// Before anything is painted, so that a chosen theme does not flash up late. The switch is in src/shell/theme.ts.
try {
  const chosen = localStorage.getItem('trainyard.theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
} catch {
  // Storage may be forbidden; then the system's own theme holds.
}
