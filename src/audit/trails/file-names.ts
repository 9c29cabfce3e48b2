// The keys of log and digest files, as CloudTrail names them.

/** Where the files of a trail are. */
export interface FilePlace {
  /** Empty if there is none. */
  readonly prefix: string;
  readonly accountId: string;
  readonly region: string;
}

const suffix = '.json.gz';
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const uniqueLength = 16;

/**
 * The key of a log file.
 *
 * @param unique 16 random bytes
 */
export function logFileKey(place: FilePlace, atMs: number, unique: Uint8Array): string {
  const { accountId, region } = place;
  const letters = Array.from(unique.subarray(0, uniqueLength), (byte) => alphabet[byte % 62]);
  const time = `${compactTime(atMs).slice(0, 13)}Z`;
  const name = `${accountId}_CloudTrail_${region}_${time}_${letters.join('')}${suffix}`;
  return `${folder(place, 'CloudTrail', atMs)}/${name}`;
}

/** The key of a digest file. Its time is the end of the time that it covers. */
export function digestKey(place: FilePlace, trailName: string, endMs: number): string {
  const { accountId, region } = place;
  const parts = [accountId, 'CloudTrail-Digest', region, trailName, region, compactTime(endMs)];
  return `${folder(place, 'CloudTrail-Digest', endMs)}/${parts.join('_')}${suffix}`;
}

function folder({ prefix, accountId, region }: FilePlace, kind: string, atMs: number): string {
  const day = new Date(atMs).toISOString().slice(0, 10).replaceAll('-', '/');
  const path = `AWSLogs/${accountId}/${kind}/${region}/${day}`;
  return prefix === '' ? path : `${prefix}/${path}`;
}

/** `YYYYMMDDTHHmmssZ` */
function compactTime(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}
