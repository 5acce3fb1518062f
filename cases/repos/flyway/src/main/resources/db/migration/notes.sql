SELECT 'by hand';
