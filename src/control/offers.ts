/** An instance type that brokers may be asked for; one machine serves them all alike. */
interface InstanceType {
  readonly name: string;
  /** Engine versions that may be asked for with it, newest first. */
  readonly engineVersions: readonly string[];
}

/** Versions of RabbitMQ whose behaviour may be asked for, newest first. */
export const engineVersions: readonly string[] = ['4.2', '3.13'];

const m7gSizes = [
  'medium',
  'large',
  'xlarge',
  '2xlarge',
  '4xlarge',
  '8xlarge',
  '12xlarge',
  '16xlarge',
];
const m5Sizes = ['large', 'xlarge', '2xlarge', '4xlarge'];

/** Instance types on offer. */
export const instanceTypes: readonly InstanceType[] = [
  { name: 'mq.t3.micro', engineVersions: ['3.13'] },
  ...m5Sizes.map((size) => ({ name: `mq.m5.${size}`, engineVersions: ['3.13'] })),
  ...m7gSizes.map((size) => ({ name: `mq.m7g.${size}`, engineVersions })),
];

/** The offer of that name. */
export function instanceType(name: string): InstanceType | undefined {
  return instanceTypes.find((offer) => offer.name === name);
}

/** Major and minor number of a version, whatever its patch. */
export function majorMinor(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}

/** Whether a version comes before another, patches left aside. */
export function isOlder(version: string, than: string): boolean {
  return engineVersions.indexOf(majorMinor(version)) > engineVersions.indexOf(majorMinor(than));
}
