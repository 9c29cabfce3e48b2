// Fair shares of the event loop for the requests of users and addresses. A broker answers requests in
// the process that also serves its clients, so what one user asks for must leave them time.

import { sourceOf } from '../../base/address.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import { ManagementError } from '../errors.ts';
import {
  addressShare,
  keptPlaceCount,
  largeRequestCountMax,
  largeRequestsPerUserMax,
  shareWaitMsMax,
  userShare,
} from '../limits.ts';
import { Share, type ShareLimits } from './share.ts';

/** Number of remembered users, and of addresses, from which idle ones are forgotten. */
const rememberedCount = 256;

/** What a place belongs to. */
interface Owners {
  readonly user: Share;
  readonly address: Share;
}

/** Something that waits until both shares permit it. */
interface Waiter extends Owners {
  readonly place: Place;
  readonly isGone: () => boolean;
  /** Whether it takes one of the running requests of its owners. */
  readonly isStart: boolean;
  readonly resolve: () => void;
}

/** The users and addresses whose requests are in progress or have taken time. */
export class Shares {
  readonly #clock: Clock;
  readonly #users = new Map<string, Share>();
  readonly #addresses = new Map<string, Share>();
  #waiters: Waiter[] = [];
  /** Requests with large bodies or answers that are answered. */
  #largeCount = 0;
  #timer: Timer | undefined = undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Forgets all requests that wait. */
  close(): void {
    this.#timer?.clear();
    for (const { resolve } of this.#waiters.splice(0)) resolve();
  }

  /**
   * Checks that another request may wait.
   *
   * @throws {ManagementError} `too-many-requests`
   */
  requireRoom(user: string, peerAddress: string): void {
    this.#require(this.#owners(user, peerAddress));
  }

  /**
   * Takes a place for a request.
   *
   * @param isGone whether its client has disconnected
   * @param isLarge whether its body or answer may be large
   * @throws {ManagementError} `too-many-requests`
   */
  enter(user: string, peerAddress: string, isGone: () => boolean, isLarge = false): Place {
    const owners = this.#owners(user, peerAddress);
    this.#require(owners);
    return new Place(this, owners, isGone, isLarge);
  }

  #require({ user, address }: Owners): void {
    const nowMs = this.#clock.monotonicMs();
    const ownMs = user.waitMs(nowMs);
    // A user who has taken little time is not refused because of what others at the same address took.
    const waitMs = ownMs === 0 ? 0 : Math.max(ownMs, address.waitMs(nowMs));
    const isAddressFull = address.isFull && user.placeCount >= keptPlaceCount;
    if (!user.isFull && !isAddressFull && waitMs <= shareWaitMsMax) return;
    const why = user.isFull ? 'of this user are' : isAddressFull ? 'of this address are' : 'were';
    const seconds = Math.max(1, Math.ceil(waitMs / 1000));
    throw new ManagementError(
      'too-many-requests',
      `too many requests ${why} in progress or took too long; try again in ${seconds} s`,
      undefined,
      seconds,
    );
  }

  #owners(user: string, peerAddress: string): Owners {
    const source = sourceOf(peerAddress);
    return {
      user: this.#share(this.#users, user, userShare),
      address: this.#share(this.#addresses, source, addressShare),
    };
  }

  #share(shares: Map<string, Share>, key: string, limits: ShareLimits): Share {
    const known = shares.get(key);
    if (known !== undefined) return known;
    if (shares.size >= rememberedCount) {
      const nowMs = this.#clock.monotonicMs();
      for (const [name, share] of shares) if (share.isIdle(nowMs)) shares.delete(name);
    }
    const share = new Share(limits);
    shares.set(key, share);
    return share;
  }

  /** Whether the limits of running requests permit another. */
  #mayBegin({ user, address, place }: Waiter): boolean {
    if (!user.hasRoom || !address.hasRoom) return false;
    if (!place.isLarge) return true;
    return user.largeCount < largeRequestsPerUserMax && this.#largeCount < largeRequestCountMax;
  }

  /** A request begins (1) or has been answered (-1). */
  changeRunning({ user, address }: Owners, isLarge: boolean, by: 1 | -1): void {
    user.runningCount += by;
    address.runningCount += by;
    if (!isLarge) return;
    user.largeCount += by;
    this.#largeCount += by;
  }

  /** Waits until the shares of a place permit more. */
  wait(place: Place, owners: Owners, isGone: () => boolean, isStart: boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push({ ...owners, place, isGone, isStart, resolve });
      this.look();
    });
  }

  /** Counts time that a place has taken. */
  charge({ user, address }: Owners, ms: number): void {
    const nowMs = this.#clock.monotonicMs();
    user.charge(ms, nowMs);
    address.charge(ms, nowMs);
  }

  /** Lets those begin that may; those who took the least are first. */
  look(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    const nowMs = this.#clock.monotonicMs();
    let nextMs = Number.POSITIVE_INFINITY;
    const inOrder = this.#waiters.sort((a, b) => a.user.takenMs - b.user.takenMs);
    this.#waiters = inOrder.filter((waiter) => {
      const { user, address, isStart, isGone, resolve } = waiter;
      const waitMs = Math.max(user.waitMs(nowMs), address.waitMs(nowMs));
      if (!isGone()) {
        if (waitMs > 0) nextMs = Math.min(nextMs, waitMs);
        if (waitMs > 0 || (isStart && !this.#mayBegin(waiter))) return true;
      }
      if (isStart) waiter.place.begin();
      resolve();
      return false;
    });
    if (nextMs === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#clock.setTimeout(() => this.look(), Math.ceil(nextMs)).unref();
  }
}

/** The place of one request, from its arrival until its answer was sent. */
export class Place {
  readonly #shares: Shares;
  readonly #owners: Owners;
  readonly isGone: () => boolean;
  readonly isLarge: boolean;
  #isRunning = false;
  #isOpen = true;

  constructor(shares: Shares, owners: Owners, isGone: () => boolean, isLarge: boolean) {
    this.#shares = shares;
    this.#owners = owners;
    this.isGone = isGone;
    this.isLarge = isLarge;
    this.#changePlaces(1);
  }

  /** Waits until the request may begin. Resolves if its client is gone, too. */
  start(): Promise<void> {
    return this.#shares.wait(this, this.#owners, this.isGone, true);
  }

  /** Waits until more of an answer may be written. */
  more(): Promise<void> {
    return this.#shares.wait(this, this.#owners, this.isGone, false);
  }

  /** Counts time of the event loop, milliseconds. */
  charge(ms: number): void {
    this.#shares.charge(this.#owners, ms);
  }

  /** The request begins. */
  begin(): void {
    this.#isRunning = true;
    this.#shares.changeRunning(this.#owners, this.isLarge, 1);
  }

  /** The answer is ready to be sent. */
  answered(): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.#shares.changeRunning(this.#owners, this.isLarge, -1);
    this.#shares.look();
  }

  /** The answer was sent, or is not needed. */
  end(): void {
    this.answered();
    if (this.#isOpen) this.#changePlaces(-1);
    this.#isOpen = false;
  }

  #changePlaces(by: number): void {
    this.#owners.user.placeCount += by;
    this.#owners.address.placeCount += by;
  }
}
