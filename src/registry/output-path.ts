/**
 * What is wrong with the paths of a model's files, or null. They come from whatever a job wrote, so nothing that could
 * leave a folder, hide in a terminal or name the same place twice gets in.
 */
export function pathProblem(paths: readonly string[]): string | null {
  const seen = new Set<string>();
  for (const path of paths) {
    const shown = JSON.stringify(path);
    if (path === '') return 'A file has no name.';
    if (/\p{Cc}/u.test(path)) return `The file name ${shown} holds control characters.`;
    if (path.includes('\\')) return `The file name ${shown} holds a backslash.`;
    if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return `The file name ${shown} is absolute.`;
    if (path.split('/').some((part) => part === '' || part === '.' || part === '..')) {
      return `The file name ${shown} has parts that are empty, "." or "..".`;
    }
    if (seen.has(path)) return `The file ${shown} comes twice.`;
    seen.add(path);
  }
  for (const path of paths) {
    for (let cut = path.indexOf('/'); cut !== -1; cut = path.indexOf('/', cut + 1)) {
      if (seen.has(path.slice(0, cut)))
        return `${JSON.stringify(path.slice(0, cut))} is both a file and a folder.`;
    }
  }
  return null;
}
