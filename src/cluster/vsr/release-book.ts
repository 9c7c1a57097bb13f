/** What a replica knows of releases: its own binary's, those of its peers, and what it proposed. 0: not known. */
export class ReleaseBook {
  readonly own: number;
  /** By host: the release that its last message told. */
  readonly peers: Float64Array = new Float64Array(64);
  proposedView: number = -1;
  proposedRelease: number = 0;

  constructor(own: number) {
    this.own = own;
  }
}
