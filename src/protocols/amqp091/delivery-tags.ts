import type { Outcome, Subscription } from '../../broker/subscription.ts';

/** Deliveries of one subscription whose tags and numbers rise together. */
interface Run {
  readonly subscription: Subscription;
  readonly firstTag: number;
  lastTag: number;
  /** Delivery number = tag - offset. */
  readonly offset: number;
  /** Deliveries of the run not settled yet. */
  left: number;
}

/** Runs that are over and still in the list, at most. */
const headMax = 1024;

/**
 * A channel's delivery tags, and which delivery of which subscription each stands for. A channel
 * with one consumer has one run, so that a tag costs arithmetic only.
 */
export class DeliveryTags {
  #lastTag = 0;
  /** Those before the head are over, and taken out once there are many. */
  #runs: Run[] = [];
  #head = 0;
  #current: Run | undefined = undefined;

  /** The tag of a delivery that is never settled (no-ack). */
  nextSettled(): number {
    return ++this.#lastTag;
  }

  /** The tag of a delivery that waits to be settled. */
  next(subscription: Subscription, deliveryNumber: number): number {
    const tag = ++this.#lastTag;
    const run = this.#current;
    if (
      run !== undefined &&
      run.lastTag === tag - 1 &&
      run.subscription === subscription &&
      run.offset === tag - deliveryNumber
    ) {
      run.lastTag = tag;
      run.left++;
      return tag;
    }
    const offset = tag - deliveryNumber;
    this.#current = { subscription, firstTag: tag, lastTag: tag, offset, left: 1 };
    this.#runs.push(this.#current);
    return tag;
  }

  /**
   * Settles one delivery, or all up to it; tag 0 with `isMultiple` means all.
   *
   * @returns false where no unsettled delivery has this tag
   */
  settle(tag: number, isMultiple: boolean, outcome: Outcome): boolean {
    if (tag === 0 && isMultiple) {
      this.settleAll(outcome);
      return true;
    }
    const at = this.#find(tag);
    const run = this.#runs[at];
    if (run === undefined || !run.subscription.isUnsettled(tag - run.offset)) return false;
    if (isMultiple) this.#settleUpTo(at, tag, outcome);
    else {
      this.#settleIn(run, tag, tag, outcome);
      if (run.left === 0) this.#forget(at, 1);
    }
    return true;
  }

  /**
   * Names what `settle` with the same tag would settle, run by run, without settling it.
   *
   * @returns false where no unsettled delivery has this tag
   */
  visit(
    tag: number,
    isMultiple: boolean,
    visit: (subscription: Subscription, first: number, last: number) => void,
  ): boolean {
    const isAll = tag === 0 && isMultiple;
    const at = isAll ? this.#runs.length - 1 : this.#find(tag);
    const run = this.#runs[at];
    if (run === undefined) return isAll;
    if (!isAll && !run.subscription.isUnsettled(tag - run.offset)) return false;
    for (const each of isMultiple ? this.#runs.slice(this.#head, at + 1) : [run]) {
      const last = each === run && !isAll ? tag : each.lastTag;
      const first = isMultiple ? each.firstTag : tag;
      visit(each.subscription, first - each.offset, last - each.offset);
    }
    return true;
  }

  /** The highest tag of a delivery that is not settled; 0 where there is none. */
  lastUnsettled(): number {
    for (let at = this.#runs.length - 1; at >= this.#head; at--) {
      const run = this.#runs[at] as Run; // at is inside
      for (let tag = run.lastTag; tag >= run.firstTag; tag--) {
        if (run.subscription.isUnsettled(tag - run.offset)) return tag;
      }
    }
    return 0;
  }

  /** Forgets what was settled behind this object's back (by a transaction). */
  prune(): void {
    for (const run of this.#runs) {
      run.left = 0;
      for (let tag = run.firstTag; tag <= run.lastTag; tag++) {
        if (run.subscription.isUnsettled(tag - run.offset)) run.left++;
      }
    }
    this.#runs = this.#runs.filter((run) => run.left > 0);
    this.#head = 0;
    this.#current = undefined;
  }

  /** Settles every delivery that is still open. */
  settleAll(outcome: Outcome): void {
    const last = this.#runs[this.#runs.length - 1];
    if (last !== undefined) this.#settleUpTo(this.#runs.length - 1, last.lastTag, outcome);
  }

  /** Later runs first unless accepted, so that messages that go back to a queue do so last first. */
  #settleUpTo(at: number, tag: number, outcome: Outcome): void {
    const head = this.#head;
    let kept = 0;
    for (let i = head; i <= at; i++) {
      const run = this.#runs[outcome === 'accepted' ? i : at - (i - head)];
      if (run === undefined) continue;
      this.#settleIn(run, run.firstTag, Math.min(run.lastTag, tag), outcome);
      if (run.left > 0) kept = 1;
    }
    this.#forget(head, at + 1 - kept - head);
  }

  #settleIn(run: Run, firstTag: number, lastTag: number, outcome: Outcome): void {
    const { subscription, offset } = run;
    // What goes back may be delivered again at once: as the beginning of another run, for this
    // one may be forgotten as soon as it is settled.
    if (outcome !== 'accepted') this.#current = undefined;
    run.left -= subscription.settle(firstTag - offset, lastTag - offset, outcome);
  }

  #forget(at: number, count: number): void {
    if (count === 0) return;
    if (this.#current !== undefined && this.#current.left === 0) this.#current = undefined;
    if (at > this.#head) {
      this.#runs.splice(at, count);
      return;
    }
    this.#head += count;
    if (this.#head < this.#runs.length && this.#head < headMax) return;
    this.#runs.splice(0, this.#head);
    this.#head = 0;
  }

  /** Position of the run that holds the tag; -1 where none does. */
  #find(tag: number): number {
    let low = this.#head;
    let high = this.#runs.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const run = this.#runs[middle] as Run; // low and high are inside
      if (tag < run.firstTag) high = middle - 1;
      else if (tag > run.lastTag) low = middle + 1;
      else return middle;
    }
    return -1;
  }
}
