/** What pages are made of. */
export { Allowed } from './allowed.tsx';
export { Button, buttonLook } from './button.tsx';
export { Changes } from './changes.tsx';
export { Choice } from './choice.tsx';
export { Command } from './command.tsx';
export { ConfirmButton } from './confirm.tsx';
export { Counts } from './counts.tsx';
export type { CountsByState } from './counts.tsx';
export { DataTable } from './data-table.tsx';
export type { Column } from './data-table.tsx';
export { Dialog, DialogFoot } from './dialog.tsx';
export { Fact, Facts } from './facts.tsx';
export { CheckBox, Field, Filters, SearchBox, SelectBox } from './field.tsx';
export {
  bytes,
  count,
  duration,
  exactTime,
  fromNow,
  localTime,
  number,
  plural,
  secondsBetween,
  span,
} from './format.ts';
export { HintLayer } from './hint.tsx';
export { Name } from './name.tsx';
export { useNarrow } from './narrow.ts';
export { Empty, ErrorNotice, Notice } from './notice.tsx';
export { Page, Section } from './page.tsx';
export { RowLink } from './row-link.tsx';
export { Prose } from './prose.tsx';
export { Skeleton } from './skeleton.tsx';
export { Mark } from './mark.tsx';
export { LineChart } from './line-chart.tsx';
export type { ChartMark, ChartPoint, ChartSeries } from './line-chart.tsx';
export { Sparkline } from './sparkline.tsx';
export { SettingsList } from './settings-list.tsx';
export { lookOf } from './states.ts';
export { Status, StatusBadge, StatusShape } from './status.tsx';
export { RehearsalTag, Tag } from './tag.tsx';
export { Tabs } from './tabs.tsx';
export type { Tab } from './tabs.tsx';
export { Seconds, Time, Took, useNow } from './time.tsx';
export { valueText } from './value-text.ts';
export { Toasts, toast } from './toast.tsx';
export { useColours } from './tones.ts';
export type { Colours } from './tones.ts';
