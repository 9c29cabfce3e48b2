// The interface of a log for its owner.

/** A block in memory, as the owner of a log sees it. */
export interface RecordBlock {
  readonly slot: number;
  readonly segment: number;
  readonly number: number;
  readonly start: number;
  readonly transient: boolean;
  readonly buffer: Buffer;
  /** The end of the block in the buffer. */
  readonly end: number;
  /** Whether its contents are final. Before that, `pruneBeforeSeal` is called for each record. */
  readonly isSealed: boolean;
  /** Whether its only record is not complete yet; `load` resolves when it is. */
  readonly isFilling: boolean;
  /** Prevents records from being moved when the block is sealed. */
  fix(): void;
}

/** Contents of a record in several buffers. */
export interface RecordParts {
  /** The number of elements in use. */
  readonly partCount: number;
  readonly parts: readonly Buffer[];
  readonly partStarts: readonly number[];
  readonly partEnds: readonly number[];
}

/** What a log uses. */
export interface LogUsage {
  /** The size of the segments, including what is no longer needed and not yet removed, bytes. */
  readonly storedBytes: number;
  /** The memory of blocks that are never written, bytes. */
  readonly transientBytes: number;
}

/**
 * The log to which the owner appends records. It is attached before the replay: first the
 * checkpoint, then the indexes of older segments, oldest first, then the records after the
 * checkpoint.
 */
export interface RecordLog {
  /** The offset of the last reserved payload in its block's buffer. */
  readonly at: number;
  /** The group that contains the next record. */
  readonly openGroup: number;
  /** The group that contains the last reserved record. */
  readonly appendedGroup: number;
  /** The number of the last synced group. */
  readonly durableGroup: number;
  /** Bytes appended and not synced. */
  readonly pendingBytes: number;
  readonly usage: LogUsage;
  /** Blocks by slot; undefined if the plaintext is not in memory. */
  readonly blocks: readonly (RecordBlock | undefined)[];
  /**
   * Reserves space for a record. Its type and size are in the 5 bytes before its payload. An
   * invalid size is refused (`record-invalid`) and nothing is appended. May begin a segment first,
   * which calls index and checkpoint, but not in a batch. In a batch, no plaintext is dropped or
   * moved, so records can be copied between blocks.
   */
  reserve(type: number, size: number): RecordBlock;
  /** Reserves space in a block that is never written. */
  reserveTransient(type: number, size: number): RecordBlock;
  /**
   * Copies contents into the last reserved record in later turns, if it is large. The buffers must not
   * change until then, and belong to the log.
   *
   * @param at their offset in the buffer of the block
   * @returns false if the record is not large or the log cannot, so the caller must copy
   */
  fillLater?(block: RecordBlock, at: number, contents: RecordParts): boolean;
  /** The segment of a slot's block; 0 if it is never written. */
  segmentOf(slot: number): number;
  /** The number of a slot's block in its segment. */
  numberOf(slot: number): number;
  /** The slot of a block, which must be retained at once; undefined if the block does not exist. */
  slotAt(segment: number, number: number): number | undefined;
  /**
   * Adds live records to the block of a slot.
   *
   * @param bytes their approximate size, by which compactions choose segments
   * @param count the number of records, 1 by default
   */
  retain(slot: number, bytes?: number, count?: number): void;
  /**
   * Removes live records. The plaintext stays valid until this turn of the event loop ends.
   *
   * @param bytes the same sum as for {@link retain}
   * @param count the number of records, 1 by default
   */
  release(slot: number, bytes?: number, count?: number): void;
  /** Loads the block of a slot into memory. */
  load(slot: number): Promise<void>;
  /**
   * Reports an invalid record at an offset in the block of a slot. Nothing more is written or
   * loaded, and the process must end.
   */
  damaged(slot: number, offset: number): void;
  /**
   * Starts a batch, which ends with `endBatch` and is recovered completely or not at all. Batches
   * are not nested. May begin a segment first, like `reserve`. While a batch is open across turns,
   * records of others are not synced either.
   */
  beginBatch(): void;
  /** The batch continues in another turn; plaintext may be moved now. */
  batchPaused(): void;
  endBatch(): void;
  /** Requests that the open group be synced soon. */
  sync(): void;
  /** Releases as much space as possible some time later; undefined if the log cannot. */
  reclaim?(isShort: boolean): void;
  /**
   * Syncs all data and closes the log.
   *
   * @param last appends the last records: no segment begins after them, whose checkpoint would lack what
   *   only they say
   */
  close(last?: () => void): Promise<void>;
}
