// Values that are remembered for users, none of whom can take the room of another.

/** The limits of {@link BoundedByUser}. */
export interface UserBounds {
  /** Maximum number of values of one user. */
  readonly countMax: number;
  /** Maximum number of values of all users: beyond it, the user with the most values loses some. */
  readonly totalMax: number;
}

/** The share of the total that is forgotten when it is exceeded, so that the search for a user is rare. */
const forgottenShare = 1 / 1000;

/**
 * Values by user and key. A user that sets more than its maximum loses its own value that was set first.
 */
export class BoundedByUser<T> {
  readonly #bounds: UserBounds;
  readonly #byUser = new Map<string, Map<string, T>>();
  #count = 0;

  constructor(bounds: UserBounds) {
    this.#bounds = bounds;
  }

  get(user: string, key: string): T | undefined {
    return this.#byUser.get(user)?.get(key);
  }

  /** Sets a value, which is then the newest of its user. */
  set(user: string, key: string, value: T): void {
    let own = this.#byUser.get(user);
    if (own === undefined) {
      own = new Map();
      this.#byUser.set(user, own);
    }
    if (own.delete(key)) this.#count--;
    own.set(key, value);
    this.#count++;
    if (own.size > this.#bounds.countMax) this.#forgetOldest(own);
    if (this.#count > this.#bounds.totalMax) this.#forgetSome();
  }

  #forgetOldest(own: Map<string, T>): void {
    const [oldest] = own.keys();
    if (oldest !== undefined && own.delete(oldest)) this.#count--;
  }

  /** Forgets the oldest values of the user that has the most; if all have one, that of the first user. */
  #forgetSome(): void {
    let largest: Map<string, T> = new Map();
    for (const own of this.#byUser.values()) if (own.size > largest.size) largest = own;
    if (largest.size <= 1) {
      const [first] = this.#byUser.keys();
      if (first !== undefined && this.#byUser.delete(first)) this.#count--;
      return;
    }
    const share = Math.ceil(this.#bounds.totalMax * forgottenShare);
    for (let left = Math.min(share, largest.size - 1); left > 0; left--) {
      this.#forgetOldest(largest);
    }
  }

  /** All keys and values, those of a user from the oldest to the newest. */
  *entries(): Generator<readonly [key: string, value: T]> {
    for (const own of this.#byUser.values()) yield* own;
  }
}
