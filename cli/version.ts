/** The product's version; a test holds it equal to package.json's. Here so that `--version` need not load the product. */
export const VERSION = '0.1.0';
