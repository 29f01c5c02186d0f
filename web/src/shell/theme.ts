import { useState } from 'react';

export type Theme = 'system' | 'light' | 'dark';

/** The theme somebody chose; `system` follows the machine. public/theme.js reads it before the first paint. */
export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(() => {
    const chosen = document.documentElement.dataset['theme'];
    return chosen === 'light' || chosen === 'dark' ? chosen : 'system';
  });
  const choose = (next: Theme): void => {
    setTheme(next);
    if (next === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = next;
    try {
      if (next === 'system') localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, next);
    } catch {
      // Storage may be forbidden; then the choice lasts as long as the page.
    }
  };
  return [theme, choose];
}

const KEY = 'trainyard.theme';
