/**
 * Quantiles of the exponential distribution with mean 1, in 1/1024: entry i is -ln(1 - i/256), the last one closes the
 * tail so that the interpolated distribution has the mean 1024 exactly. A literal table, because Math.log may differ
 * in its last bit between builds of the runtime (R23).
 */
const EXPONENTIAL_1024: readonly number[] = [
  0, 4, 8, 12, 16, 20, 24, 28, 33, 37, 41, 45, 49, 53, 58, 62, 66, 70, 75, 79, 83, 88, 92, 96, 101, 105, 110, 114, 119,
  123, 128, 132, 137, 141, 146, 151, 155, 160, 165, 169, 174, 179, 184, 188, 193, 198, 203, 208, 213, 218, 223, 227,
  233, 238, 243, 248, 253, 258, 263, 268, 273, 279, 284, 289, 295, 300, 305, 311, 316, 322, 327, 333, 338, 344, 349,
  355, 361, 366, 372, 378, 384, 390, 395, 401, 407, 413, 419, 425, 431, 437, 444, 450, 456, 462, 469, 475, 481, 488,
  494, 501, 507, 514, 520, 527, 534, 541, 547, 554, 561, 568, 575, 582, 589, 596, 603, 611, 618, 625, 633, 640, 648,
  655, 663, 671, 678, 686, 694, 702, 710, 718, 726, 734, 742, 751, 759, 767, 776, 784, 793, 802, 811, 819, 828, 837,
  847, 856, 865, 874, 884, 893, 903, 913, 922, 932, 942, 952, 963, 973, 983, 994, 1004, 1015, 1026, 1037, 1048, 1059,
  1070, 1082, 1093, 1105, 1117, 1129, 1141, 1153, 1166, 1178, 1191, 1204, 1217, 1230, 1244, 1257, 1271, 1285, 1299,
  1313, 1328, 1343, 1357, 1373, 1388, 1404, 1420, 1436, 1452, 1469, 1486, 1503, 1520, 1538, 1556, 1575, 1594, 1613,
  1632, 1652, 1672, 1693, 1714, 1736, 1758, 1780, 1803, 1827, 1851, 1876, 1901, 1927, 1953, 1981, 2009, 2038, 2067,
  2098, 2129, 2162, 2195, 2230, 2266, 2303, 2342, 2382, 2424, 2468, 2513, 2561, 2611, 2663, 2719, 2777, 2839, 2905,
  2976, 3052, 3134, 3223, 3320, 3428, 3549, 3686, 3844, 4030, 4259, 4553, 4968, 5678, 7554,
];

/** The largest factor by which a latency exceeds the minimum, in 1/1024 of (mean - minimum). */
export const TAIL_1024: number = EXPONENTIAL_1024[256] as number;

/**
 * Maps a uniform 32-bit draw to a latency: `usMin` plus an exponential excess with mean `usMean - usMin`, cut off at
 * 7.4 times that. Integer arithmetic, linear between the 257 quantiles.
 */
export function latencyUs(draw: number, usMin: number, usMean: number): number {
  const excessUs = usMean - usMin;
  if (excessUs <= 0) return usMin;
  const index = draw >>> 24;
  const low = EXPONENTIAL_1024[index] as number;
  const high = EXPONENTIAL_1024[index + 1] as number;
  const quantile = low * 4096 + (high - low) * ((draw >>> 12) & 4095);
  return usMin + Math.floor((excessUs * quantile) / 4_194_304);
}
