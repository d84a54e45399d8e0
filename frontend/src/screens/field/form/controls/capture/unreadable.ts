/** This browser can't read the picture. */
export class Unreadable extends Error {}
