SELECT 'of an old CLI';
