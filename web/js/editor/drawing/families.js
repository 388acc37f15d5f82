// Made by dev/make_family_list.py from wanmove_core/family.py.

/** Frames per latent frame, and a cell's height and width in pixels. */
export const FAMILY_STRIDES = /** @type {const} */ ({
  "wan2.1-i2v": [4, 8, 8],
  "wan2.2-ti2v-5b": [4, 16, 16],
});
/** Frames that the model was made for: longer videos are made in windows. */
export const FAMILY_CLIPS = /** @type {const} */ ({
  "wan2.1-i2v": 81,
  "wan2.2-ti2v-5b": 121,
});
/** Where nothing says which model the drawing is for. */
export const FIRST_FAMILY = "wan2.1-i2v";
