import type { LiveSegment } from '../log/live-segment.ts';
import { isCompacted, pageBytes } from '../log/segment.ts';

/** Segments are compacted where they have more than so many times the bytes that are live in them ... */
const excessMax = 1.15;
/** ... until they have no more than so many times that. */
const excessAim = 1.1;
/** Part of a segment's size that is not worth a compaction, whatever it is of all. */
const slackPart = 1 / 16;
/** Part of a segment's size that is worth a new segment where nothing in it is live. */
const deadPart = 1 / 4;
/** What every segment takes at least. */
const frameBytes = 2 * pageBytes;
/** A segment that is fuller stays as it is. */
const fullMin = 0.9;
/** Compacted segments up to this part of a segment's size are joined whenever there is work. */
const smallPart = 1 / 64;

/** What segments are chosen by. */
export interface ChoiceLimits {
  /** Usual size of a segment. */
  readonly segmentBytes: number;
  /** Bytes that may be written. */
  readonly outputBytesMax: number;
  /** So many looks a segment must have seen since it ended. */
  readonly looksMin: number;
  /** Whether every byte counts, since the disk is short of room. */
  readonly isUrgent: boolean;
}

/** Bytes of a segment that are live, about. */
export function liveBytesOf({ liveBytes, scale, sizeBytes }: LiveSegment): number {
  return Math.min(sizeBytes, liveBytes * scale);
}

/** Whether the segments take much more of the disk than what is live in them. */
export function isExcessive(
  segments: readonly LiveSegment[],
  { segmentBytes, isUrgent }: ChoiceLimits,
): boolean {
  const [size, live] = totals(segments);
  if (isUrgent) return size > live;
  return size > live * excessMax + segmentBytes * slackPart;
}

function totals(segments: readonly LiveSegment[]): [size: number, live: number] {
  let size = 0;
  let live = 0;
  for (const segment of segments) {
    size += segment.sizeBytes;
    live += Math.min(segment.sizeBytes, liveBytesOf(segment) + frameBytes);
  }
  return [size, live];
}

/** Whether segments in which nothing is live are worth a new segment, with which they go. */
export function hasNotableDead(
  segments: readonly LiveSegment[],
  { segmentBytes }: ChoiceLimits,
): boolean {
  let dead = 0;
  for (const { liveCount, sizeBytes } of segments) if (liveCount === 0) dead += sizeBytes;
  return dead >= segmentBytes * deadPart;
}

/**
 * Chooses what to compact together: the emptiest first, as many as bring all to the aim and fit into one
 * new segment, and with them compacted segments that are small.
 *
 * @param segments all that have ended
 * @returns none where nothing is to be gained
 */
export function chooseVictims(
  segments: readonly LiveSegment[],
  limits: ChoiceLimits,
): readonly LiveSegment[] {
  const { outputBytesMax, segmentBytes, isUrgent } = limits;
  const [size, live] = totals(segments);
  const candidates = segments
    .filter((segment) => isCandidate(segment, limits))
    .sort((a, b) => liveBytesOf(a) / a.sizeBytes - liveBytesOf(b) / b.sizeBytes);
  const aim = isUrgent ? 0 : live * excessAim + (segmentBytes * slackPart) / 2;
  const chosen: LiveSegment[] = [];
  let left = size;
  let output = 0;
  for (const segment of candidates) {
    const bytes = liveBytesOf(segment);
    if (left <= aim || (chosen.length > 0 && output + bytes > outputBytesMax)) break;
    chosen.push(segment);
    output += bytes;
    left -= segment.sizeBytes - bytes;
  }
  if (chosen.length > 0) join(chosen, output, segments, limits);
  return chosen;
}

function isCandidate(segment: LiveSegment, { looksMin }: ChoiceLimits): boolean {
  // What is kept for a base or an index would stay all the same.
  if (segment.pinCount > 0 || segment.lookCount < looksMin) return false;
  return segment.liveCount > 0 && liveBytesOf(segment) < segment.sizeBytes * fullMin;
}

/** Adds small compacted segments, as long as each is no larger than what is written anyway. */
function join(
  chosen: LiveSegment[],
  bytes: number,
  segments: readonly LiveSegment[],
  { outputBytesMax, segmentBytes }: ChoiceLimits,
): void {
  const isChosen = new Set(chosen);
  const small = segments
    .filter((each) => isCompacted(each.number) && each.pinCount === 0 && !isChosen.has(each))
    .sort((a, b) => a.sizeBytes - b.sizeBytes);
  let output = bytes;
  for (const segment of small) {
    const isSmall = segment.sizeBytes <= Math.max(output, segmentBytes * smallPart);
    if (!isSmall || output + segment.sizeBytes > outputBytesMax) return;
    chosen.push(segment);
    output += segment.sizeBytes;
  }
}
