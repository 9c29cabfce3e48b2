// A picture of the bindings of one exchange or queue: what it gets from on the left, where it goes to on
// the right. The table beside it has the same facts.

import { isAddressable } from '../../broker/request.ts';
import { printable } from '../../parts/printable.ts';
import { href } from '../../router.ts';
import { type Binding, exchangePart, exchangeText } from '../model.ts';

/** An end of bindings. */
export interface End {
  readonly kind: 'exchange' | 'queue';
  readonly name: string;
}

interface BindingGraphProps {
  readonly vhost: string;
  readonly center: End;
  readonly incoming: readonly Binding[];
  readonly outgoing: readonly Binding[];
}

/** Maximum number of ends on a side. */
const endCountMax = 20;
/** Sizes in the picture's own units. */
const width = 900;
const box = { width: 220, height: 34 };
const rowHeight = 52;
/** Maximum number of characters that fit. */
const nameLengthMax = 26;
const keysLengthMax = 28;

/** An end with the routing keys of all bindings to it. */
interface Side extends End {
  readonly keys: readonly string[];
}

function sidesOf(bindings: readonly Binding[], endOf: (binding: Binding) => End): Side[] {
  const sides = new Map<string, { end: End; keys: string[] }>();
  for (const binding of bindings) {
    const end = endOf(binding);
    const id = `${end.kind} ${end.name}`;
    const side = sides.get(id) ?? { end, keys: [] };
    side.keys.push(binding.routing_key);
    sides.set(id, side);
  }
  return [...sides.values()].map(({ end, keys }) => ({ ...end, keys }));
}

function clipped(text: string, lengthMax: number): string {
  const characters = [...text];
  return characters.length <= lengthMax ? text : `${characters.slice(0, lengthMax - 1).join('')}…`;
}

function keysText(keys: readonly string[]): string {
  const [first = ''] = keys;
  const more = keys.length > 1 ? ` +${keys.length - 1}` : '';
  return `${clipped(printable(first), keysLengthMax - more.length)}${more}`;
}

/** Draws the bindings. */
export function BindingGraph({ vhost, center, incoming, outgoing }: BindingGraphProps) {
  const left = sidesOf(incoming, ({ source }) => ({ kind: 'exchange', name: source }));
  const right = sidesOf(outgoing, (each) => ({
    kind: each.destination_type,
    name: each.destination,
  }));
  const rowCount = Math.max(1, Math.min(endCountMax, Math.max(left.length, right.length)));
  const height = rowCount * rowHeight + 16;
  const middle = height / 2;
  const title = `Bindings of ${printable(exchangeText(center.name))}`;
  const centerX = (width - box.width) / 2;
  const y = (index: number, count: number) =>
    middle + (index - (Math.min(count, endCountMax) - 1) / 2) * rowHeight;
  const hidden = Math.max(0, left.length - endCountMax) + Math.max(0, right.length - endCountMax);
  return (
    <>
      <section className="console-graph" aria-label={title}>
        <svg viewBox={`0 0 ${width} ${height}`}>
          <title>{title}</title>
          {left.slice(0, endCountMax).map((side, index) => (
            <Edge
              key={`${side.kind} ${side.name}`}
              from={[box.width, y(index, left.length)]}
              to={[centerX, middle]}
              keys={side.keys}
            />
          ))}
          {right.slice(0, endCountMax).map((side, index) => (
            <Edge
              key={`${side.kind} ${side.name}`}
              from={[centerX + box.width, middle]}
              to={[width - box.width, y(index, right.length)]}
              keys={side.keys}
              isLabelAtEnd
            />
          ))}
          {left.slice(0, endCountMax).map((side, index) => (
            <Box key={side.name} vhost={vhost} end={side} x={0} y={y(index, left.length)} />
          ))}
          {right.slice(0, endCountMax).map((side, index) => (
            <Box
              key={`${side.kind} ${side.name}`}
              vhost={vhost}
              end={side}
              x={width - box.width}
              y={y(index, right.length)}
            />
          ))}
          <Box vhost={vhost} end={center} x={centerX} y={middle} isCenter />
        </svg>
      </section>
      {hidden > 0 && <p>{hidden} more are in the table below.</p>}
    </>
  );
}

type Point = readonly [x: number, y: number];

interface EdgeProps {
  readonly from: Point;
  readonly to: Point;
  readonly keys: readonly string[];
  readonly isLabelAtEnd?: boolean;
}

function Edge({ from: [x1, y1], to: [x2, y2], keys, isLabelAtEnd = false }: EdgeProps) {
  const bend = (x1 + x2) / 2;
  return (
    <g className="console-graph-edge">
      <path d={`M${x1},${y1} C${bend},${y1} ${bend},${y2} ${x2},${y2}`} fill="none" />
      <text
        x={isLabelAtEnd ? x2 - 6 : x1 + 6}
        y={(isLabelAtEnd ? y2 : y1) - 6}
        textAnchor={isLabelAtEnd ? 'end' : 'start'}
        textLength={keysText(keys).length > 18 ? 108 : undefined}
        lengthAdjust="spacingAndGlyphs"
      >
        {keysText(keys)}
      </text>
    </g>
  );
}

interface BoxProps {
  readonly vhost: string;
  readonly end: End;
  readonly x: number;
  /** The middle. */
  readonly y: number;
  readonly isCenter?: boolean;
}

function Box({ vhost, end: { kind, name }, x, y, isCenter = false }: BoxProps) {
  const full = printable(kind === 'exchange' ? exchangeText(name) : name);
  const inside = (
    <>
      <title>{`${kind} ${full}`}</title>
      <rect
        x={x + 1}
        y={y - box.height / 2}
        width={box.width - 2}
        height={box.height}
        rx={kind === 'exchange' ? box.height / 2 : 4}
      />
      <text x={x + box.width / 2} y={y + 5} textAnchor="middle">
        {clipped(full, nameLengthMax)}
      </text>
    </>
  );
  if (isCenter) return <g className="console-graph-box console-graph-center">{inside}</g>;
  const parts = [vhost, kind === 'exchange' ? exchangePart(name) : name];
  if (!parts.every(isAddressable)) return <g className="console-graph-box">{inside}</g>;
  return (
    <a
      href={href(kind === 'exchange' ? 'exchanges' : 'queues', ...parts)}
      className="console-graph-box"
    >
      {inside}
    </a>
  );
}
