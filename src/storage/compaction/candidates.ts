// The choice of segments to compact.

import type { LiveSegment } from '../log/live-segment.ts';
import { isCompacted, pageBytes, placeInTable } from '../log/segment.ts';

/** Segments are compacted if their size exceeds the live bytes by this factor. */
const excessMax = 1.15;
/** Compaction ends when the size exceeds the live bytes by this factor. */
const excessAim = 1.1;
/** Excess below this fraction of a segment is ignored. */
const slackPart = 1 / 16;
/** Dead segments above this fraction of a segment are worth beginning a new one. */
const deadPart = 1 / 4;
/** Minimum size of a segment. */
const frameBytes = 2 * pageBytes;
/** Segments with a higher fraction of live bytes are not compacted. */
const fullMin = 0.9;
/** Compacted segments below this fraction of a segment are merged with any other work. */
const smallPart = 1 / 64;
/** Segments of up to this fraction of a segment are small: many of them are merged. */
const mergedPart = 1 / 32;
/** Number of small segments that are worth a compaction of their own. */
export const smallCountMin = 8;

/** The criteria for choosing segments. */
export interface ChoiceLimits {
  /** Usual size of a segment. */
  readonly segmentBytes: number;
  /** Maximum size of the output. */
  readonly outputBytesMax: number;
  /** Minimum number of checks since a segment ended. */
  readonly looksMin: number;
  /** Whether the disk is full, so that every byte counts. */
  readonly isUrgent: boolean;
}

/** Approximate number of live bytes in a segment. */
export function liveBytesOf({ liveBytes, scale, sizeBytes }: LiveSegment): number {
  return Math.min(sizeBytes, liveBytes * scale);
}

/** Whether the segments are much larger than their live bytes. */
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

/**
 * Whether the segments without live bytes are worth beginning a segment, with which they are
 * removed.
 */
export function hasNotableDead(
  segments: readonly LiveSegment[],
  { segmentBytes }: ChoiceLimits,
): boolean {
  let dead = 0;
  for (const { liveCount, sizeBytes } of segments) if (liveCount === 0) dead += sizeBytes;
  return dead >= segmentBytes * deadPart;
}

/**
 * Chooses the segments to compact: those with the fewest live bytes, as many as reach the target
 * and fit into one new segment, together with small compacted segments.
 *
 * @param segments all segments that have ended
 * @returns empty if nothing can be gained
 */
export function chooseCandidates(
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

/**
 * Chooses segments that are sealed under an older data key and contain live records, the oldest
 * first, as many as fit into one new segment. How full they are does not matter.
 *
 * @param generation the newest generation of the data key
 */
export function chooseOutdated(
  segments: readonly LiveSegment[],
  generation: number,
  { outputBytesMax }: ChoiceLimits,
): readonly LiveSegment[] {
  const chosen: LiveSegment[] = [];
  let output = 0;
  for (const segment of inOrder(segments)) {
    if (segment.header.generation >= generation || segment.isIdle) continue;
    const bytes = liveBytesOf(segment);
    if (chosen.length > 0 && output + bytes > outputBytesMax) break;
    chosen.push(segment);
    output += bytes;
  }
  return chosen;
}

/**
 * Chooses small segments to merge, the oldest first: each costs a start some reads, however little it
 * contains.
 *
 * @param segments all segments that have ended
 * @param epoch the number of this mount: segments of earlier ones need not be checked repeatedly
 * @returns empty if there are few
 */
export function chooseSmall(
  segments: readonly LiveSegment[],
  limits: ChoiceLimits,
  epoch: number,
): readonly LiveSegment[] {
  const { segmentBytes, outputBytesMax } = limits;
  const bytesMax = Math.min(outputBytesMax, segmentBytes * mergedPart * smallCountMin);
  const chosen: LiveSegment[] = [];
  /** The number of indexes in each segment that go with the segments chosen so far. */
  const freed = new Map<LiveSegment, number>();
  let bytes = 0;
  for (const segment of inOrder(segments)) {
    const { sizeBytes, indexHome } = segment;
    if (isKept(segment, freed)) continue;
    if (!segment.isIdle) {
      if (!isMergeable(segment, limits, epoch)) continue;
      if (bytes + sizeBytes > bytesMax) break;
      chosen.push(segment);
      bytes += sizeBytes;
    }
    if (indexHome !== undefined) freed.set(indexHome, (freed.get(indexHome) ?? 0) + 1);
  }
  return chosen.length < smallCountMin ? [] : chosen;
}

/** Whether a segment is kept for a base, or for the index of a segment that stays. */
function isKept(segment: LiveSegment, freed: ReadonlyMap<LiveSegment, number>): boolean {
  return segment.pinCount !== (freed.get(segment) ?? 0);
}

function isMergeable(
  segment: LiveSegment,
  { segmentBytes, looksMin }: ChoiceLimits,
  epoch: number,
): boolean {
  const isSettled = segment.header.epoch < epoch || segment.lookCount >= looksMin;
  return isSettled && isSmall(segment, segmentBytes);
}

/** Whether a segment is so small that a start reads it for little. */
export function isSmall({ sizeBytes }: LiveSegment, segmentBytes: number): boolean {
  return sizeBytes <= segmentBytes * mergedPart;
}

function inOrder(segments: readonly LiveSegment[]): LiveSegment[] {
  return segments.toSorted((a, b) => placeInTable(a.number) - placeInTable(b.number));
}

function isCandidate(segment: LiveSegment, { looksMin }: ChoiceLimits): boolean {
  // Segments that are kept for a base or an index would remain anyway.
  if (segment.pinCount > 0 || segment.lookCount < looksMin) return false;
  return segment.liveCount > 0 && liveBytesOf(segment) < segment.sizeBytes * fullMin;
}

/** Adds small compacted segments, as long as each is no larger than the rest of the output. */
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
