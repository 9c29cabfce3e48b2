/** A block whose plaintext is in memory, as the owner of a log has it. */
export interface RecordBlock {
  readonly slot: number;
  readonly segment: number;
  readonly number: number;
  readonly start: number;
  readonly transient: boolean;
  readonly buffer: Buffer;
  /** First position of the buffer that is none of the block's. */
  readonly end: number;
  /** Whether its bytes are final: before, `keeps` of its owner is asked of each record. */
  readonly isSealed: boolean;
  /** Its records must stay where they are when it is sealed. */
  fix(): void;
}

/**
 * What the owner of a log appends to and reads from. It is attached before the log replays: first the
 * checkpoint, then the indexes of older segments, oldest first, then the records after the checkpoint.
 */
export interface RecordLog {
  /** Where in its block's buffer the payload of the record just reserved begins. */
  readonly at: number;
  /** The group that the record just reserved is in. */
  readonly openGroup: number;
  /** Every group up to this one is synced. */
  readonly durableGroup: number;
  /** Bytes appended and not yet synced. */
  readonly pendingBytes: number;
  /** Blocks by slot; undefined where the plaintext is not in memory. */
  readonly blocks: readonly (RecordBlock | undefined)[];
  /**
   * Frames a record and makes room for its payload: its type and its size lie in the 5 bytes before.
   * A size that no record may have is refused (`record-invalid`), and nothing is appended. May begin a
   * segment first, and so ask for index and checkpoint, but never within a batch. Within a batch no
   * plaintext is dropped or moved: a record may be copied from one block to another.
   */
  reserve(type: number, size: number): RecordBlock;
  /** The same in a block that is never written. */
  reserveTransient(type: number, size: number): RecordBlock;
  /** The segment that a slot's block is in; 0 for one that is never written. */
  segmentOf(slot: number): number;
  /** The number of a slot's block in its segment. */
  numberOf(slot: number): number;
  /** The slot of a segment's block, for whoever retains it at once; undefined where it is not there. */
  slotAt(segment: number, number: number): number | undefined;
  /**
   * One more record in the slot's block is wanted.
   *
   * @param bytes how long it is, about; for a compaction, which looks for segments with few of them
   */
  retain(slot: number, bytes?: number): void;
  /**
   * One record less; the plaintext stays as it is until this turn of the event loop ends.
   *
   * @param bytes as it was retained with
   */
  release(slot: number, bytes?: number): void;
  /** Brings the slot's block back into memory. */
  load(slot: number): Promise<void>;
  /**
   * A record at this offset of the slot's block is not what it must be: nothing more is written or
   * loaded, and the process must end.
   */
  damaged(slot: number, offset: number): void;
  /**
   * What is reserved until `endBatch` is recovered whole or not at all; not nested. May begin a
   * segment first, like `reserve`. A batch that is not ended in the turn of the event loop in which
   * it began keeps what others append from being synced until it ends.
   */
  beginBatch(): void;
  /** The batch may go on in another turn: as after it, plaintext may be moved now. */
  batchPaused(): void;
  endBatch(): void;
  /** Someone waits: the open group is synced soon. */
  sync(): void;
  /** Syncs what was appended and ends the log. */
  close(): Promise<void>;
}
