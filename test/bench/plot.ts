/** Line charts as SVG, one under the other: linear axes from zero, one line a series, whiskers for the spread. */

export interface Point {
  readonly x: number;
  readonly y: number;
  /** Ends of the whisker. */
  readonly low: number;
  readonly high: number;
}

export interface Series {
  readonly name: string;
  readonly color: string;
  readonly points: readonly Point[];
}

export interface Chart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
}

const size = { width: 720, height: 400 };
const frame = { left: 80, right: 700, top: 50, bottom: 340 };

export function drawCharts(charts: readonly Chart[]): string {
  const height = size.height * charts.length;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${size.width}" height="${height}" fill="white"/>`,
    ...charts.flatMap((chart, index) => [
      `<g transform="translate(0 ${size.height * index})">`,
      ...drawChart(chart),
      '</g>',
    ]),
    '</svg>',
    '',
  ].join('\n');
}

function drawChart({ title, xLabel, yLabel, series }: Chart): string[] {
  const points = series.flatMap((line) => line.points);
  const xTicks = ticks(Math.max(...points.map(({ x }) => x)));
  const yTicks = ticks(Math.max(...points.map(({ high }) => high)));
  const x = scale(xTicks, frame.left, frame.right);
  const y = scale(yTicks, frame.bottom, frame.top);
  const middle = (frame.left + frame.right) / 2;
  return [
    text(middle, 24, title, 'text-anchor="middle" font-size="15"'),
    ...xTicks.flatMap((tick) => [
      text(x(tick), frame.bottom + 18, tick.toLocaleString('en'), 'text-anchor="middle"'),
      path([`M${x(tick)} ${frame.bottom}v4`], 'black'),
    ]),
    ...yTicks.flatMap((tick) => [
      text(frame.left - 8, y(tick) + 4, tick.toLocaleString('en'), 'text-anchor="end"'),
      path([`M${frame.left} ${y(tick)}H${frame.right}`], tick === 0 ? 'black' : '#dddddd'),
    ]),
    text(middle, frame.bottom + 42, xLabel, 'text-anchor="middle"'),
    text(20, 195, yLabel, 'text-anchor="middle" transform="rotate(-90 20 195)"'),
    ...series.flatMap((line, index) => [
      ...drawSeries(line, x, y),
      ...legendEntry(line, frame.left + 16, frame.top + 8 + 20 * index),
    ]),
  ];
}

type Scale = (value: number) => number;

function scale(values: readonly number[], from: number, to: number): Scale {
  const end = values.at(-1) ?? 1;
  return (value) => round(from + ((to - from) * value) / end);
}

/** Round values from zero to at least the largest one, five to ten of them. */
export function ticks(largest: number): readonly number[] {
  if (!(largest > 0)) return [0, 1];
  const rough = largest / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([5, 2, 1].find((factor) => factor * power <= rough) ?? 1) * power;
  const count = Math.ceil(largest / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

function drawSeries({ color, points }: Series, x: Scale, y: Scale): string[] {
  const line = points.map((point, index) => `${index === 0 ? 'M' : 'L'}${x(point.x)} ${y(point.y)}`);
  const whiskers = points.map((point) => `M${x(point.x)} ${y(point.low)}V${y(point.high)}`);
  const dots = points.map((point) => `<circle cx="${x(point.x)}" cy="${y(point.y)}" r="3" fill="${color}"/>`);
  return [path(line, color, 2), path(whiskers, color), ...dots];
}

function legendEntry({ name, color }: Series, left: number, top: number): string[] {
  return [path([`M${left} ${top}h24`], color, 2), text(left + 32, top + 4, name)];
}

function path(parts: readonly string[], color: string, width = 1): string {
  return `<path d="${parts.join('')}" fill="none" stroke="${color}" stroke-width="${width}"/>`;
}

function text(x: number, y: number, content: string, attributes = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x}" y="${y}"${attributes === '' ? '' : ` ${attributes}`}>${escaped}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
