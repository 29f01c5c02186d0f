/** The fifteen inputs of the workflow, in the order in which its form shows them. */
const INPUTS = [
  ['epochs', 'number', 'Epochs, for scripts that take them', null],
  ['folds', 'number', 'Folds of a cross-validation, for scripts that take them', null],
  ['only', 'string', 'Only these jobs (spaces or commas)', ''],
  ['exclude', 'string', 'Not these jobs', ''],
  ['parallel', 'boolean', 'Run several at once', 'false'],
  ['max_workers', 'number', 'How many at once', '4'],
  ['retries', 'number', 'Further attempts after a failure', '0'],
  ['config', 'string', 'YAML file with job definitions', ''],
  ['extra_args', 'string', 'Arguments for every script', ''],
  ['dry_run', 'boolean', 'Print the commands, run nothing', 'false'],
  ['list_only', 'boolean', 'List the jobs, run nothing', 'false'],
  ['no_auto_discover', 'boolean', 'Only what the config file defines', 'false'],
  ['discover_roots', 'string', 'Look only below these folders (spaces or commas)', ''],
  ['allow_partial_success', 'boolean', 'Succeed when at least one script does', 'false'],
  ['verbose', 'boolean', 'Show what the scripts print', 'false'],
] as const;

/**
 * The GitHub Actions workflow that runs a repository's training scripts from a form. What somebody types into the form
 * reaches the shell in environment variables only, never as text of a script.
 */
export function githubWorkflow(version: string): string {
  return `# Written by \`trainyard ci github\`. Runs the training scripts of this repository from the Actions tab.
name: Training orchestrator

on:
  workflow_dispatch:
    inputs:
${INPUTS.map(input).join('\n')}

permissions:
  contents: read

env:
  TRAINYARD_VERSION: "${version}"

jobs:
  train:
    runs-on: ubuntu-latest
    timeout-minutes: 360
    steps:
      - name: Check out the repository
        uses: actions/checkout@v4
        with:
          persist-credentials: false

      - name: Set up Python
        uses: actions/setup-python@v5
        with:
          python-version: "3.10"

      - name: Set up Node
        uses: actions/setup-node@v4
        with:
          node-version: "24"

      - name: Cache packages
        uses: actions/cache@v4
        with:
          path: |
            ~/.cache/pip
            ~/.npm
          key: packages-\${{ runner.os }}-\${{ env.TRAINYARD_VERSION }}-\${{ hashFiles('requirements.txt', 'requirements-*.txt') }}
          restore-keys: packages-\${{ runner.os }}-

      - name: Install what the scripts need
        shell: bash
        run: |
${indent(INSTALL)}

      - name: Install Trainyard
        shell: bash
        run: npm install --global "trainyard@$TRAINYARD_VERSION"

      - name: Put the Kaggle credentials in place
        shell: bash
        env:
          KAGGLE_USERNAME: \${{ secrets.KAGGLE_USERNAME }}
          KAGGLE_KEY: \${{ secrets.KAGGLE_KEY }}
        run: |
${indent(KAGGLE)}

      - name: Run the training scripts
        shell: bash
        env:
${INPUTS.map(([name]) => `          INPUT_${name.toUpperCase()}: \${{ inputs.${name} }}`).join('\n')}
        run: |
${indent(TRAIN)}

      - name: Remove the Kaggle credentials
        if: always()
        shell: bash
        run: rm -f "$HOME/.kaggle/kaggle.json"

      - name: Keep results, logs and summaries
        if: always()
        uses: actions/upload-artifact@v4
        with:
          name: training-results
          path: |
            results/
            logs/
            summaries/
          retention-days: 30
          if-no-files-found: ignore

      - name: Keep the summaries for longer
        if: always()
        uses: actions/upload-artifact@v4
        with:
          name: training-summary
          path: summaries/
          retention-days: 90
          if-no-files-found: ignore
`;
}

function input([name, type, description, standard]: (typeof INPUTS)[number]): string {
  const value =
    standard === null ? [] : [`        default: ${type === 'string' ? `"${standard}"` : standard}`];
  return [
    `      ${name}:`,
    `        description: ${description}`,
    `        type: ${type}`,
    '        required: false',
    ...value,
  ].join('\n');
}

const indent = (text: string): string =>
  text
    .trim()
    .split('\n')
    .map((line) => (line === '' ? '' : `          ${line}`))
    .join('\n');

const INSTALL = `
shopt -s nullglob
for file in requirements-*.txt requirements.txt; do
  if [ -f "$file" ]; then
    python -m pip install --requirement "$file"
  fi
done
`;

const KAGGLE = `
if [ -n "$KAGGLE_USERNAME" ] && [ -n "$KAGGLE_KEY" ]; then
  umask 077
  mkdir -p "$HOME/.kaggle"
  python -c 'import json, os; print(json.dumps({"username": os.environ["KAGGLE_USERNAME"], "key": os.environ["KAGGLE_KEY"]}))' > "$HOME/.kaggle/kaggle.json"
  chmod 600 "$HOME/.kaggle/kaggle.json"
fi
`;

const TRAIN = `
arguments=()
with() { if [ -n "$2" ]; then arguments+=("$1=$2"); fi; }
switch() { if [ "$2" = true ]; then arguments+=("$1"); fi; }
with --epochs "$INPUT_EPOCHS"
with --folds "$INPUT_FOLDS"
with --only "$INPUT_ONLY"
with --exclude "$INPUT_EXCLUDE"
switch --parallel "$INPUT_PARALLEL"
with --max-workers "$INPUT_MAX_WORKERS"
with --retries "$INPUT_RETRIES"
with --config "$INPUT_CONFIG"
with --extra-args "$INPUT_EXTRA_ARGS"
switch --dry-run "$INPUT_DRY_RUN"
switch --list-only "$INPUT_LIST_ONLY"
switch --no-auto-discover "$INPUT_NO_AUTO_DISCOVER"
with --discover-root "$INPUT_DISCOVER_ROOTS"
switch --allow-partial-success "$INPUT_ALLOW_PARTIAL_SUCCESS"
switch --verbose "$INPUT_VERBOSE"
trainyard scripts "\${arguments[@]}" --python python
`;
