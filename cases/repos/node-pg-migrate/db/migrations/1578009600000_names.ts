export const up = (pgm) => pgm.addColumns("users", { name: "text" });
